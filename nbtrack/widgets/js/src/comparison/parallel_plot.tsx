// The drawing of parallel coordinates.
import { colorOf, shade } from "../chart/palette";
import type { Column } from "../data/columns";
import { clip } from "../ui/name";
import { scaleOf } from "./axes";
import type { Brushes } from "./brushes";
import { ParallelAxis } from "./parallel_axis";
import { atX, HEIGHT, lineOf } from "./parallel_lines";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
  axes: Column[];
  /** The column that gives the lines their colours; without one each run has its own. */
  tint: Column | undefined;
  width: number;
  onBrushed(brushes: Brushes): void;
}

export function ParallelPlot({ state, axes, tint, width, onBrushed }: Props) {
  const scales = axes.map(scaleOf);
  const tints = tint && scaleOf(tint);
  // Those that stand out are drawn last, over the others.
  const runs = [...state.runs].sort((a, b) => Number(state.stands(a)) - Number(state.stands(b)));
  const color = (run: number) => (tints ? shade(tints.at(run)) : colorOf(run));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing is no fieldset
    <svg width={width} height={HEIGHT} role="group" aria-label={`parallel coordinates of ${runs.length} runs`}>
      {runs.map((run) => (
        <RunLine key={state.ids[run]} state={state} run={run} d={lineOf(scales, run, width)} color={color(run)} />
      ))}
      {axes.map((column, i) => (
        <ParallelAxis
          key={`axis ${column.id}`}
          state={state}
          column={column}
          scale={scales[i]!}
          x={atX(i, axes.length, width)}
          // Names of neighbours are at two heights.
          isLow={i % 2 === 1}
          longest={Math.max(8, Math.floor(900 / axes.length / 7))}
          onBrushed={onBrushed}
        />
      ))}
    </svg>
  );
}

interface LineProps {
  state: ComparisonState;
  run: number;
  d: string;
  color: string;
}

function RunLine({ state, run, d, color }: LineProps) {
  const look = { opacity: state.stands(run) ? 0.85 : 0.12, "stroke-width": state.selected.has(run) ? 2 : 1.25 };
  return (
    // biome-ignore lint/a11y: the keyboard selects in the legend
    <path d={d} class="nbt-line" stroke={color} {...look} onClick={() => state.toggle(run)}>
      <title>{clip(state.labels[run]!, 80)}</title>
    </path>
  );
}
