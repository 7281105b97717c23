// Finer points of the range that is zoomed into, asked from the store.
import type { Range } from "../data/curve";
import type { RunState } from "./state";

const POINTS = 1200;
// While a range is being dragged along, only its last place is asked for.
const PAUSE = 120;

export class Refiner {
  readonly #state: RunState;
  readonly #keys: () => string[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param state The run.
   * @param keys The metrics whose charts are in sight.
   */
  constructor(state: RunState, keys: () => string[]) {
    this.#state = state;
    this.#keys = keys;
  }

  readonly zoom = (zoom: Range | null): void => {
    const state = this.#state;
    state.detail = null;
    state.choose({ zoom });
    this.stop();
    const isKnown = state.ui.axis.startsWith("=") || !state.canAsk;
    if (zoom && !isKnown) this.#timer = setTimeout(() => this.#refine(), PAUSE);
  };

  /** Asks again where the run has gone on in the range that is looked at. */
  follow(): void {
    const { detail, metrics, ui } = this.#state;
    const end = ui.zoom?.[1];
    if (!detail || end === undefined) return;
    const isBehind = metrics.some(
      ({ key, count, x }) =>
        detail.series.has(key) && count !== detail.counts.get(key) && (x[x.length - 1] ?? Infinity) <= end,
    );
    if (isBehind) this.#refine();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #refine(): Promise<void> {
    const state = this.#state;
    const { zoom, axis } = state.ui;
    const keys = this.#keys();
    if (!zoom || !keys.length) return;
    try {
      const [lo, hi] = zoom;
      const { series } = await state.source.ask("range", { keys, by: axis, lo, hi, points: POINTS });
      if (state.ui.zoom !== zoom) return;
      const counts = new Map(state.metrics.map(({ key, count }) => [key, count]));
      state.detail = { range: zoom, counts, series: new Map(series.map((each) => [each.key, each])) };
      state.changed();
    } catch {
      // The coarser points stay.
    }
  }
}
