// What can be chosen of compared curves: smoothing, axes, groups, the range.
import { Logarithmic, Smoothing } from "../chart/settings";
import { Button } from "../ui/button";
import type { Option } from "../ui/choice";
import { clip, Name } from "../ui/name";
import { type Group, groupsOf } from "./curve_drawing";
import { Pick } from "./pick";
import { Key } from "./runs_legend";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
  metrics: string[];
  /** Shows all charts, null where they are shown. */
  showAll: (() => void) | null;
}

const MOST_AXES = 100;
const MOST_GROUPS = 12;
const LONGEST = 40;

export function CurveTools({ state, metrics, showAll }: Props) {
  const { ui } = state;
  return (
    <div class="nbt-tools" role="toolbar" aria-label="chart options">
      <Smoothing value={ui.smooth} onChange={(smooth) => state.choose({ smooth })} />
      <Pick
        word="x"
        label="horizontal axis"
        options={axes(state, metrics)}
        value={ui.axis}
        onChange={(axis) => state.choose({ axis, zoom: null })}
      />
      <Logarithmic value={ui.isLog} onChange={(isLog) => state.choose({ isLog })} />
      <Pick
        word="mean by"
        label="group runs by"
        options={columns(state)}
        value={ui.group}
        onChange={(group) => state.choose({ group })}
      />
      {ui.zoom && <Button onClick={() => state.choose({ zoom: null })}>Reset zoom</Button>}
      {showAll && <Button onClick={showAll}>Show all {metrics.length} charts</Button>}
      {ui.group && <Groups state={state} />}
    </div>
  );
}

function axes({ canAsk }: ComparisonState, metrics: string[]): Option[] {
  const others = canAsk ? metrics.slice(0, MOST_AXES) : [];
  return [["step", "step"], ["time", "time"], ...others.map((key): Option => [`=${key}`, clip(key, LONGEST)])];
}

function columns(state: ComparisonState): Option[] {
  const own = state.columns.filter(({ group }) => group === "param" || group === "tag");
  return [["", "no group"], ...own.map(({ id, name }): Option => [id, clip(name, LONGEST)])];
}

function Groups({ state }: { state: ComparisonState }) {
  return (
    <span class="nbt-legend">
      {groupsOf(state)
        .slice(0, MOST_GROUPS)
        .map((group) => (
          <GroupButton key={group.label} state={state} group={group} />
        ))}
    </span>
  );
}

function GroupButton({ state, group }: { state: ComparisonState; group: Group }) {
  const { runs, label, color } = group;
  return (
    <Button title="Select these runs" onClick={() => state.select(runs)}>
      <Key color={color} />
      <Name of={label} most={20} />
      <span class="nbt-dim">{` ${runs.length}`}</span>
    </Button>
  );
}
