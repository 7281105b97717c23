// One chart of a run with its legend.
import { Component } from "preact";
import type { Content } from "../chart/chart";
import { Plot } from "../chart/plot";
import type { Range } from "../data/curve";
import { contentOf, remarks } from "./drawing";
import { Legend } from "./legend";
import type { Group } from "./metrics";
import type { Detail } from "./protocol";
import type { RunState } from "./state";

interface Props {
  state: RunState;
  group: Group;
  height: number;
  /** Whether it is in sight; otherwise it is not drawn. */
  isSeen: boolean;
  /** Where the crosshair is. */
  cursor: number | null;
  onZoom(range: Range | null): void;
  onCursor(at: number | null): void;
  /** Told of the element once it is there, and of null when it goes. */
  track(el: HTMLElement | null): void;
}

/** The least height of a legend, in pixels. */
const LEGEND = 23;
const HELP = "arrows move the crosshair, + and - zoom, 0 resets";

export class Card extends Component<Props> {
  #content: Content = { lines: [], range: [0, 1] };
  #signature = "";
  #detail: Detail | null = null;
  #isDrawn = false;

  override shouldComponentUpdate(next: Props): boolean {
    return next.isSeen;
  }

  override render({ state, group, height, isSeen, cursor, onZoom, onCursor, track }: Props) {
    this.#isDrawn ||= isSeen;
    // Thousands of charts that nobody scrolls to cost an empty element each.
    if (!this.#isDrawn) return <div class="nbt-card" ref={track} style={{ height: `${height + LEGEND}px` }} />;
    const said = remarks(state, group, cursor);
    const keys = group.metrics.map(({ key }) => key).join(", ");
    const plot = { height, cursor, onZoom, onCursor, label: `chart of ${keys.slice(0, 200)}: ${HELP}` };
    return (
      <div class="nbt-card" ref={track} style={{ height: "" }}>
        <Legend state={state} group={group} cursor={cursor} />
        <Plot content={this.#drawn()} {...plot} />
        <div class="nbt-said" hidden={!said}>
          {said}
        </div>
      </div>
    );
  }

  /** What is drawn: the same object while nothing has changed. */
  #drawn(): Content {
    const { state, group } = this.props;
    const { detail, ui, under, againstCount } = state;
    const { smooth, axis, isLog, zoom, hidden } = ui;
    const points = group.metrics.map(({ count, x }) => [count, x.length]);
    const signature = JSON.stringify([points, smooth, axis, isLog, zoom, [...hidden], under.length, againstCount]);
    if (signature !== this.#signature || detail !== this.#detail) this.#content = contentOf(state, group);
    this.#signature = signature;
    this.#detail = detail;
    return this.#content;
  }
}
