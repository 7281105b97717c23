// Two columns of compared runs against each other, a third one as colour; a rectangle selects.
import type { Column } from "../data/columns";
import type { Option } from "../ui/choice";
import { clip } from "../ui/name";
import { axesOf, plane } from "./axes";
import { DrawingBox } from "./drawing_box";
import { Pick } from "./pick";
import { ScatterPlot } from "./scatter_plot";
import type { ComparisonState } from "./state";

const PREFIX = /^(params|metrics)\./;

export function ScatterPart({ state }: { state: ComparisonState }) {
  const { ui, runs } = state;
  const axes = axesOf(state.columns);
  const [x, y] = plane(axes, runs, ui.x, ui.y);
  const color = axes.find(({ id }) => id === ui.color);
  const draw = (width: number) =>
    x && y ? (
      <ScatterPlot state={state} x={x} y={y} color={color} width={Math.max(260, Math.min(760, width))} />
    ) : (
      <div class="nbt-empty">Nothing to draw: the runs have no params or metrics</div>
    );
  return (
    <>
      <Tools state={state} axes={axes} x={x} y={y} />
      <DrawingBox draw={draw} />
    </>
  );
}

interface ToolsProps {
  state: ComparisonState;
  axes: Column[];
  x: Column | undefined;
  y: Column | undefined;
}

function Tools({ state, axes, x, y }: ToolsProps) {
  const options = axes.map(({ id }): Option => [id, clip(id.replace(PREFIX, ""), 40)]);
  const colors: Option[] = [["", "run"], ...options];
  const { color } = state.ui;
  return (
    <div class="nbt-tools">
      <Pick
        word="x"
        label="horizontal"
        options={options}
        value={x?.id ?? ""}
        onChange={(id) => state.choose({ x: id })}
      />
      <Pick
        word="y"
        label="vertical"
        options={options}
        value={y?.id ?? ""}
        onChange={(id) => state.choose({ y: id })}
      />
      <Pick
        word="colour"
        label="colour"
        options={colors}
        value={color}
        onChange={(id) => state.choose({ color: id })}
      />
      <span class="nbt-dim">drag a rectangle to select runs</span>
    </div>
  );
}
