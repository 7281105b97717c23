// The curves that charts want: asked for together, and once for each range and axis.
import type { Range } from "../data/curve";
import type { Ask } from "../page/source";
import type { ComparisonProtocol, RunCurve } from "./protocol";

/** What of curves is looked at. */
export interface Stretch {
  /** `step`, `time`, or `=` and a metric. */
  axis: string;
  zoom: Range | null;
}

/** Who wants curves: it is told when they have come. */
interface Owner {
  readonly canAsk: boolean;
  changed(): void;
}

interface Wanted {
  key: string;
  id: string;
}

/** So many metrics are asked for at once, after the first one. */
const AT_ONCE = 4;
const MOST_KEPT = 80;

const idOf = (key: string, axis: string, zoom: Range | null) => JSON.stringify([key, axis, zoom]);
const isWhole = (id: string) => id.endsWith("null]");

export class Curves {
  readonly #ask: Ask<ComparisonProtocol["asks"]>;
  readonly #owner: Owner;
  /** By metric, axis and range; null while they are awaited. */
  readonly #known = new Map<string, RunCurve[] | null>();
  #wanted: Wanted[] = [];
  /** The metric whose chart was zoomed last: it is asked for first. */
  zoomed = "";

  constructor(ask: Ask<ComparisonProtocol["asks"]>, owner: Owner) {
    this.#ask = ask;
    this.#owner = owner;
  }

  clear(): void {
    this.#known.clear();
  }

  /** The points of a metric, a curve a run; those of the whole range while a part of it is awaited. */
  of(key: string, { axis, zoom }: Stretch): RunCurve[] | null {
    // Steps and times come together, so that a change of the axis asks for nothing.
    const whole = idOf(key, axis === "time" ? "step" : axis, null);
    const id = zoom ? idOf(key, axis, zoom) : whole;
    if (!this.#known.has(id) && (this.#owner.canAsk || !zoom)) this.#want({ key, id }, { axis, zoom });
    return this.#known.get(id) ?? this.#known.get(whole) ?? null;
  }

  #want(wanted: Wanted, stretch: Stretch): void {
    this.#known.set(wanted.id, null);
    if (!this.#wanted.length) queueMicrotask(() => this.#askWanted(stretch));
    this.#wanted.push(wanted);
  }

  /** Asks for the metric zoomed in or the first one, then for the others; a saved page has each by itself. */
  #askWanted(stretch: Stretch): void {
    const [first, ...rest] = this.#wanted.sort((a, b) => Number(b.key === this.zoomed) - Number(a.key === this.zoomed));
    const size = this.#owner.canAsk ? AT_ONCE : 1;
    this.#wanted = [];
    if (first) this.#askFor([first], stretch);
    for (let from = 0; from < rest.length; from += size) this.#askFor(rest.slice(from, from + size), stretch);
  }

  async #askFor(some: Wanted[], { axis, zoom }: Stretch): Promise<void> {
    const keys = some.map(({ key }) => key);
    const range = zoom && { by: axis, lo: zoom[0], hi: zoom[1] };
    const asked = axis.startsWith("=")
      ? this.#ask("against", { x: axis.slice(1), keys })
      : this.#ask("curves", { keys, ...range });
    // What cannot be read stays awaited: its chart is empty.
    const answer = await asked.catch(() => null);
    if (!answer) return;
    for (const { key, id } of some)
      this.#known.set(
        id,
        answer.series.filter((each) => each.key === key),
      );
    this.#forget(some);
    this.#owner.changed();
  }

  // Parts of curves that were looked at before are not kept for ever.
  #forget(latest: Wanted[]): void {
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST_KEPT) return;
      if (!isWhole(id) && !latest.some((wanted) => wanted.id === id)) this.#known.delete(id);
    }
  }
}
