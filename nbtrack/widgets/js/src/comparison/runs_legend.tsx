// The compared runs with their colours; pressed, they are selected and stand out.
import { colorOf } from "../chart/palette";
import { Button } from "../ui/button";
import { Name } from "../ui/name";
import type { ComparisonState } from "./state";

const MOST = 200;

export const Key = ({ color }: { color: string }) => <span class="nbt-key" style={{ borderColor: color }} />;

export function RunsLegend({ state }: { state: ComparisonState }) {
  const { ids, selected, isGone } = state;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame along
    <div class="nbt-legend nbt-runs" role="group" aria-label="runs; select to make them stand out">
      {ids.slice(0, MOST).map((id, run) => (
        <Entry key={id} state={state} run={run} />
      ))}
      {selected.size > 0 && (
        <Button key="" onClick={() => state.select([])}>
          {`Clear selection (${selected.size})`}
        </Button>
      )}
      {isGone && <span class="nbt-dim">without kernel</span>}
    </div>
  );
}

function Entry({ state, run }: { state: ComparisonState; run: number }) {
  return (
    <Button
      aria-pressed={state.selected.has(run)}
      style={{ opacity: state.stands(run) ? "" : "0.5" }}
      onClick={() => state.toggle(run)}
    >
      <Key color={colorOf(run)} />
      <span class="nbt-dim">{`${run + 1} `}</span>
      <Name of={state.labels[run]!} most={28} />
    </Button>
  );
}
