// The drawing of a scatter plot: axes, a point a run, and the rectangle that a pointer draws.
import { Component } from "preact";
import { colorOf, shade } from "../chart/palette";
import { type Column, written } from "../data/columns";
import type { Scale } from "../data/scale";
import { clip } from "../ui/name";
import { scaleOf } from "./axes";
import { follow } from "./drag";
import {
  type Area,
  areaOf,
  atX,
  atY,
  BELOW,
  HEIGHT,
  isDrag,
  LEFT,
  type Place,
  type Point,
  pointsOf,
  RIGHT,
  runAt,
  runsIn,
} from "./points";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
  x: Column;
  y: Column;
  color: Column | undefined;
  width: number;
}

export class ScatterPlot extends Component<Props, { area: Area | null }> {
  override state = { area: null };
  #points: Point[] = [];

  override render({ state, x, y, color, width }: Props, { area }: { area: Area | null }) {
    const [sx, sy] = [scaleOf(x), scaleOf(y)];
    const tint = color && scaleOf(color);
    const points = pointsOf(state.runs, sx, sy, width);
    this.#points = points;
    const label = `${clip(y.name, 60)} against ${clip(x.name, 60)} of ${points.length} runs`;
    const columns = color ? [x, y, color] : [x, y];
    return (
      // biome-ignore lint/a11y/useSemanticElements: a drawing is no fieldset
      <svg width={width} height={HEIGHT} role="group" aria-label={label} onPointerDown={this.#press}>
        <Axes x={sx} y={sy} width={width} />
        <text x={(LEFT + width) / 2} y={HEIGHT - 2} text-anchor="middle" class="nbt-dim">
          {titleOf(x, sx)}
        </text>
        <text x={4} y={10} class="nbt-dim">
          {titleOf(y, sy)}
        </text>
        {points.map((point) => (
          <RunPoint
            key={state.ids[point.run]}
            state={state}
            point={point}
            columns={columns}
            color={tint ? shade(tint.at(point.run)) : colorOf(point.run)}
          />
        ))}
        {area && <rect class="nbt-brush" {...(area as Area)} />}
      </svg>
    );
  }

  readonly #press = (e: PointerEvent): void => {
    const origin = (e.currentTarget as Element).getBoundingClientRect();
    const at = (m: PointerEvent): Place => [m.clientX - origin.left, m.clientY - origin.top];
    const from = at(e);
    let to = from;
    let isDragged = false;
    const moved = (m: PointerEvent) => {
      to = at(m);
      isDragged ||= isDrag(from, to);
      this.setState({ area: areaOf(from, to) });
    };
    follow(moved, () => {
      this.setState({ area: null });
      this.#released(from, isDragged ? areaOf(from, to) : null);
    });
    e.preventDefault();
  };

  /** Selects what is in a rectangle; without one the run that was pressed, or none. */
  #released(from: Place, area: Area | null): void {
    const { state } = this.props;
    const pressed = runAt(this.#points, from);
    if (area) state.select(runsIn(this.#points, area));
    else if (pressed === undefined) state.select([]);
    else state.toggle(pressed);
  }
}

const titleOf = ({ name }: Column, { isLog }: Scale) => clip(name, 60) + (isLog ? " (log)" : "");

function Axes({ x, y, width }: { x: Scale; y: Scale; width: number }) {
  return (
    <>
      {x.ticks.slice(0, 12).map(([place, label]) => (
        <text key={`x${place}`} x={atX(place, width)} y={BELOW} text-anchor="middle">
          {clip(label, 12)}
        </text>
      ))}
      {y.ticks.slice(0, 16).map(([place, label]) => (
        <g key={`y${place}`}>
          <line x1={LEFT} x2={width - RIGHT} y1={atY(place)} y2={atY(place)} />
          <text x={LEFT - 6} y={atY(place) + 4} text-anchor="end">
            {clip(label, 9)}
          </text>
        </g>
      ))}
    </>
  );
}

interface PointProps {
  state: ComparisonState;
  point: Point;
  columns: Column[];
  color: string;
}

function RunPoint({ state, point: { run, x, y }, columns, color }: PointProps) {
  const values = columns.map((column) => `${column.name} = ${written(column, run, state.now)}`);
  const title = [state.labels[run], ...values].join("\n").slice(0, 600);
  const isSelected = state.selected.has(run);
  const press = (e: KeyboardEvent) => {
    if (e.key !== "Enter" && e.key !== " ") return;
    state.toggle(run);
    e.preventDefault();
    e.stopPropagation();
  };
  // In lower case, as an attribute of a drawing is taken as it is written.
  const names = { tabindex: 0, "aria-pressed": isSelected, "aria-label": title };
  const look = { r: isSelected ? 7 : 5, fill: color, opacity: state.stands(run) ? 0.9 : 0.2 };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing has no buttons of its own
    <circle cx={x} cy={y} {...look} role="button" {...names} onKeyDown={press}>
      <title>{title}</title>
    </circle>
  );
}
