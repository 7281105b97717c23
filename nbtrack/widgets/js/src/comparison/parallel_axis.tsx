// An axis of parallel coordinates, along which the pointer and the keyboard select a stretch.
import type { Column } from "../data/columns";
import type { Range } from "../data/curve";
import type { Scale } from "../data/scale";
import { clip } from "../ui/name";
import { type Brushes, pressed, without } from "./brushes";
import { follow } from "./drag";
import { atY, BOTTOM, HEIGHT, placeAt, spaced, TOP } from "./parallel_lines";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
  column: Column;
  scale: Scale;
  x: number;
  isLow: boolean;
  /** So many characters of its name have room. */
  longest: number;
  onBrushed(brushes: Brushes): void;
}

const HELP = "up and down move the selected stretch, with shift they grow and shrink it, Escape clears it";
const LEAST_DRAG = 0.01;
const percent = (place: number) => Math.round(place * 100);

export function ParallelAxis(props: Props) {
  const { state, column, scale, x, isLow, longest } = props;
  const range = state.ui.brushes[column.id];
  const title = clip(column.name, longest) + (scale.isLog ? " (log)" : "");
  const area = { x: x - 14, y: TOP - 6, width: 28, height: HEIGHT - TOP - BOTTOM + 12 };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a slider, as its names say
    <g
      class="nbt-axis"
      {...namesOf(column, range)}
      onKeyDown={(e) => press(e, props)}
      onPointerDown={(e) => drag(e, props)}
    >
      <rect {...area} fill="transparent" />
      <line x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM} />
      {range && <Brush x={x} range={range} />}
      {spaced(scale.ticks).map(([place, label]) => (
        <text key={place} x={x + 5} y={atY(place) + 4}>
          {clip(label, 10)}
        </text>
      ))}
      <text key="name" x={x} y={isLow ? 26 : 12} text-anchor="middle" class="nbt-name">
        {title}
        <title>{clip(column.id, 200)}</title>
      </text>
    </g>
  );
}

function namesOf({ id, name }: Column, range: Range | undefined) {
  return {
    // In lower case, as an attribute of a drawing is taken as it is written.
    tabindex: 0,
    role: "slider",
    "data-id": id,
    "aria-label": `${clip(name, 60)}: ${HELP}`,
    "aria-valuetext": range ? `${percent(range[0])} to ${percent(range[1])} percent` : "all",
    "aria-valuenow": range ? percent(range[0]) : 0,
  } as const;
}

function Brush({ x, range: [lo, hi] }: { x: number; range: Range }) {
  return <rect class="nbt-brush" x={x - 7} y={atY(hi)} width={14} height={Math.max(2, atY(lo) - atY(hi))} />;
}

function press(e: KeyboardEvent, { state, column: { id }, onBrushed }: Props): void {
  const { brushes } = state.ui;
  const range = pressed(e.key, e.shiftKey, brushes[id]);
  if (e.key === "Escape") onBrushed(without(brushes, id));
  else if (range) onBrushed({ ...brushes, [id]: range });
  else return;
  e.preventDefault();
  e.stopPropagation();
}

function drag(e: PointerEvent, { state, column: { id }, onBrushed }: Props): void {
  const { top } = (e.currentTarget as SVGElement).ownerSVGElement!.getBoundingClientRect();
  const from = placeAt(e.clientY - top);
  let brushes = without(state.ui.brushes, id);
  const moved = (m: PointerEvent) => {
    const to = placeAt(m.clientY - top);
    if (Math.abs(to - from) > LEAST_DRAG) brushes = { ...brushes, [id]: [Math.min(from, to), Math.max(from, to)] };
    state.choose({ brushes });
  };
  follow(moved, () => onBrushed(brushes));
  e.preventDefault();
}
