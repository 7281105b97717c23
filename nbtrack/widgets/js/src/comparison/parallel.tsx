// Parallel coordinates: a line a run across an axis a column; a stretch of an axis selects.
import { type Column, differs } from "../data/columns";
import { Button } from "../ui/button";
import type { Option } from "../ui/choice";
import { clip } from "../ui/name";
import { axesOf, firstAxes, MOST_AXES, scaleOf, telling } from "./axes";
import { type Brushes, through } from "./brushes";
import { DrawingBox } from "./drawing_box";
import { ParallelPlot } from "./parallel_plot";
import { Pick } from "./pick";
import type { ComparisonState } from "./state";

export function ParallelPart({ state }: { state: ComparisonState }) {
  const candidates = axesOf(state.columns).filter((column) => differs(column, state.runs));
  const ids = state.ui.axes ?? firstAxes(candidates);
  const axes = ids.flatMap((id) => candidates.find((column) => column.id === id) ?? []);
  const shaded = state.ui.shade ?? telling(candidates)?.id ?? "";
  const tint = candidates.find(({ id }) => id === shaded);
  const selectThrough = (brushes: Brushes) => select(state, axes, brushes);
  const draw = (width: number) =>
    axes.length < 2 ? (
      <div class="nbt-empty">Fewer than two params or metrics differ among these runs</div>
    ) : (
      <ParallelPlot state={state} axes={axes} tint={tint} width={Math.max(280, width)} onBrushed={selectThrough} />
    );
  return (
    <>
      <Tools state={state} candidates={candidates} axes={ids} shaded={shaded} onBrushed={selectThrough} />
      <DrawingBox draw={draw} />
    </>
  );
}

/** Sets the brushes, and selects the runs that go through all of them. */
function select(state: ComparisonState, axes: Column[], brushes: Brushes): void {
  state.ui.brushes = brushes;
  const brushed = axes.flatMap((column) => {
    const range = brushes[column.id];
    return range ? [[scaleOf(column), range] as const] : [];
  });
  state.select(through(state.runs, brushed));
}

interface ToolsProps {
  state: ComparisonState;
  candidates: Column[];
  axes: string[];
  shaded: string;
  onBrushed(brushes: Brushes): void;
}

function Tools({ state, candidates, axes, shaded, onBrushed }: ToolsProps) {
  const options = candidates.map(({ id, name }): Option => [id, clip(name, 40)]);
  const marked = options.map(([id, name]): Option => [id, `${axes.includes(id) ? "✓ " : ""}${name}`]);
  const others = (id: string) => axes.filter((own) => own !== id);
  const toggle = (id: string) =>
    state.choose({ axes: axes.includes(id) ? others(id) : [...axes, id].slice(-MOST_AXES) });
  const isBrushed = Object.keys(state.ui.brushes).length > 0;
  return (
    <div class="nbt-tools">
      <Pick
        word="colour"
        label="colour"
        options={[["", "run"], ...options]}
        value={shaded}
        onChange={(shade) => state.choose({ shade })}
      />
      <Pick word="axis" label="axes" options={[["", "add or remove …"], ...marked]} value="" onChange={toggle} />
      <span class="nbt-dim">drag along an axis to select runs</span>
      {isBrushed && <Button onClick={() => onBrushed({})}>Clear brushes</Button>}
    </div>
  );
}
