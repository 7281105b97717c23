// The curves of compared runs: a chart a metric, all runs in it.
import { Component } from "preact";
import type { Range } from "../data/curve";
import { CurveCard } from "./curve_card";
import { CurveTools } from "./curve_tools";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
}

interface Seen {
  /** Where the crosshair of all charts is. */
  cursor: number | null;
  /** The elements of the charts in sight. */
  inSight: ReadonlySet<Element>;
  /** So many charts there are at most. */
  most: number;
}

const FIRST = 12;

/** The metrics of which a run has more than one value. */
const metricsOf = ({ columns, stats }: ComparisonState): string[] =>
  columns
    .filter(({ group, name }) => group === "metric" && stats[name]?.count.some((n) => n > 1))
    .map(({ name }) => name);

export class CurvesPart extends Component<Props, Seen> {
  override state: Seen = { cursor: null, inSight: new Set(), most: FIRST };
  readonly #els = new Map<string, HTMLElement>();
  readonly #trackers = new Map<string, (el: HTMLElement | null) => void>();
  readonly #observer = new IntersectionObserver((entries) => this.#saw(entries), { rootMargin: "150px" });

  override componentWillUnmount(): void {
    this.#observer.disconnect();
  }

  override render({ state }: Props, { cursor, inSight, most }: Seen) {
    const metrics = metricsOf(state);
    const showAll = metrics.length > most ? () => this.setState({ most: Infinity }) : null;
    return (
      <>
        <CurveTools state={state} metrics={metrics} showAll={showAll} />
        <div class="nbt-charts">
          {!metrics.length && <div class="nbt-empty">None of these runs has a curve</div>}
          {metrics.slice(0, most).map((metric) => (
            <CurveCard
              key={metric}
              state={state}
              metric={metric}
              isSeen={inSight.has(this.#els.get(metric)!)}
              cursor={cursor}
              onZoom={(zoom) => this.#zoom(metric, zoom)}
              onCursor={this.#point}
              track={this.#tracker(metric)}
            />
          ))}
        </div>
      </>
    );
  }

  readonly #point = (cursor: number | null): void => this.setState({ cursor });

  #zoom(metric: string, zoom: Range | null): void {
    const { state } = this.props;
    state.curves.zoomed = metric;
    state.choose({ zoom });
  }

  #saw(entries: IntersectionObserverEntry[]): void {
    const inSight = new Set(this.state.inSight);
    for (const { target, isIntersecting } of entries) isIntersecting ? inSight.add(target) : inSight.delete(target);
    this.setState({ inSight });
  }

  /** Follows a card's element; the same function each time, as the element is the same. */
  #tracker(metric: string): (el: HTMLElement | null) => void {
    const known = this.#trackers.get(metric);
    if (known) return known;
    const track = (el: HTMLElement | null) => (el ? this.#follow(metric, el) : this.#forget(metric));
    this.#trackers.set(metric, track);
    return track;
  }

  #follow(metric: string, el: HTMLElement): void {
    this.#els.set(metric, el);
    this.#observer.observe(el);
  }

  #forget(metric: string): void {
    const el = this.#els.get(metric);
    if (el) this.#observer.unobserve(el);
    this.#els.delete(metric);
    this.#trackers.delete(metric);
  }
}
