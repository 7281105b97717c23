// One chart of compared runs, and the values at its crosshair.
import { Component } from "preact";
import { Plot } from "../chart/plot";
import type { Range } from "../data/curve";
import { number } from "../data/format";
import { clip, Name } from "../ui/name";
import { drawingOf, type RunsContent, valuesAt } from "./curve_drawing";
import { Key } from "./runs_legend";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
  metric: string;
  /** Whether it is in sight; otherwise it is not drawn, and asks for nothing. */
  isSeen: boolean;
  /** Where the crosshair is. */
  cursor: number | null;
  onZoom(range: Range | null): void;
  onCursor(at: number | null): void;
  /** Told of the element once it is there, and of null when it goes. */
  track(el: HTMLElement | null): void;
}

const HEIGHT = 190;
const MOST_VALUES = 8;
const HELP = "arrows move the crosshair, + and - zoom, 0 resets";

export class CurveCard extends Component<Props> {
  #content: RunsContent = { lines: [], bands: [], range: [0, 1] };
  /** What was drawn. */
  #inputs: unknown[] = [];

  override shouldComponentUpdate({ isSeen }: Props): boolean {
    return isSeen;
  }

  override render({ state, metric, isSeen, cursor, onZoom, onCursor, track }: Props) {
    const isBusy = isSeen && !this.#draw();
    const label = `chart of ${clip(metric, 80)}, all runs: ${HELP}`;
    const on = { onZoom, onCursor };
    return (
      <div class="nbt-card" ref={track} aria-busy={isBusy}>
        <div class="nbt-legend">
          <b>
            <Name of={metric} most={50} />
          </b>
        </div>
        <Plot content={this.#content} height={HEIGHT} cursor={cursor} label={label} {...on} />
        <div class="nbt-said" hidden={cursor === null}>
          {cursor !== null && <Values content={this.#content} axis={state.ui.axis} at={cursor} />}
        </div>
      </div>
    );
  }

  /** Draws anew where something has changed; returns whether the curves have come. */
  #draw(): boolean {
    const { state, metric } = this.props;
    const { ui, ids, selected } = state;
    const curves = state.curves.of(metric, ui);
    if (!curves) return false;
    const inputs = [curves, ids, selected, ui.group, ui.smooth, ui.axis, ui.isLog, ui.zoom];
    if (inputs.some((each, i) => each !== this.#inputs[i])) this.#content = drawingOf(state, curves);
    this.#inputs = inputs;
    return true;
  }
}

function Values({ content, axis, at }: { content: RunsContent; axis: string; at: number }) {
  const values = valuesAt(content.lines, at);
  const place = axis === "time" ? `${number(at, 4)} s` : number(axis === "step" ? Math.round(at) : at, 5);
  return (
    <>
      <div>{place}</div>
      {values.slice(0, MOST_VALUES).map(({ label, color, value, remark }) => (
        <div key={`${label}${color}`}>
          <Key color={color} />
          <Name of={label} most={22} />
          {` ${number(value, 4)}`}
          {remark && <span class="nbt-dim">{remark}</span>}
        </div>
      ))}
      {values.length > MOST_VALUES && <div class="nbt-dim">and {values.length - MOST_VALUES} more</div>}
    </>
  );
}
