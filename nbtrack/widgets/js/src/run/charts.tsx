// The charts of a run: which there are, which are in sight, and the crosshair that they share.
import { Component } from "preact";
import { Card } from "./card";
import { Refiner } from "./detail";
import { type Group, grouped } from "./metrics";
import type { RunState } from "./state";

interface Props {
  state: RunState;
}

interface Seen {
  cursor: number | null;
  /** The elements of the cards in sight; null until the browser has told. */
  inSight: ReadonlySet<Element>;
}

/** So many charts are drawn before the browser has told which are in sight. */
const FIRST = 6;
const HEIGHTS: readonly number[] = [240, 190];
const HEIGHT = 140;
const COLUMNS: readonly string[] = [" nbt-one", " nbt-two"];

const idOf = ({ metrics }: Group) => metrics.map(({ key }) => key).join("\n");

export class Charts extends Component<Props, Seen> {
  override state: Seen = { cursor: null, inSight: new Set() };
  readonly #els = new Map<string, HTMLElement>();
  readonly #trackers = new Map<string, (el: HTMLElement | null) => void>();
  readonly #observer = new IntersectionObserver((entries) => this.#saw(entries), { rootMargin: "200px" });
  readonly #refiner = new Refiner(this.props.state, () => this.#keysInSight());
  #clock: ReturnType<typeof setInterval> | undefined;

  override componentDidMount(): void {
    this.#clock = setInterval(() => this.#tick(), 1000);
  }

  override componentWillUnmount(): void {
    clearInterval(this.#clock);
    this.#refiner.stop();
    this.#observer.disconnect();
  }

  override render({ state }: Props, { cursor }: Seen) {
    const groups = this.#groups();
    const height = HEIGHTS[groups.length - 1] ?? HEIGHT;
    return (
      <div class={`nbt-charts${COLUMNS[groups.length - 1] ?? ""}`}>
        {!groups.length && <div class="nbt-empty">{this.#nothing()}</div>}
        {groups.map((group, i) => (
          <Card
            key={idOf(group)}
            state={state}
            group={group}
            height={height}
            isSeen={this.#isSeen(group, i)}
            cursor={cursor}
            onZoom={this.#refiner.zoom}
            onCursor={this.#point}
            track={this.#tracker(idOf(group))}
          />
        ))}
      </div>
    );
  }

  #groups(): Group[] {
    const { metrics, focus, ui } = this.props.state;
    return grouped(metrics, focus, ui.search);
  }

  #nothing(): string {
    const { metrics, run } = this.props.state;
    if (metrics.length) return "No metric of this name";
    return run?.status === "RUNNING"
      ? "Nothing logged yet: nbtrack.log(loss=…) draws a curve"
      : "No metrics were logged";
  }

  readonly #point = (cursor: number | null): void => this.setState({ cursor });

  #isSeen(group: Group, i: number): boolean {
    const el = this.#els.get(idOf(group));
    return el ? this.state.inSight.has(el) : i < FIRST;
  }

  #keysInSight(): string[] {
    const seen = this.#groups().filter((group, i) => this.#isSeen(group, i));
    return seen.flatMap(({ metrics }) => metrics.map(({ key }) => key));
  }

  #saw(entries: IntersectionObserverEntry[]): void {
    const inSight = new Set(this.state.inSight);
    for (const { target, isIntersecting } of entries) isIntersecting ? inSight.add(target) : inSight.delete(target);
    this.setState({ inSight });
  }

  /** Follows a card's element; the same function each time, as the element is the same. */
  #tracker(id: string): (el: HTMLElement | null) => void {
    const known = this.#trackers.get(id);
    if (known) return known;
    const track = (el: HTMLElement | null) => (el ? this.#follow(id, el) : this.#forget(id));
    this.#trackers.set(id, track);
    return track;
  }

  #follow(id: string, el: HTMLElement): void {
    this.#els.set(id, el);
    // In sight until the browser tells, so that the first charts do not wait for it.
    if (this.#els.size <= FIRST) this.state.inSight = new Set([...this.state.inSight, el]);
    this.#observer.observe(el);
  }

  #forget(id: string): void {
    const el = this.#els.get(id);
    if (el) this.#observer.unobserve(el);
    this.#els.delete(id);
    this.#trackers.delete(id);
  }

  /** Lets the time go on, and the range that is looked at. */
  #tick(): void {
    const { state } = this.props;
    if (state.run?.status === "RUNNING" && !document.hidden) state.changed();
    this.#refiner.follow();
  }
}
