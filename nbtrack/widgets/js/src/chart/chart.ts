// One chart: lines and bands on axes, and what the keyboard does in it.
import { type Curve, extent, nearest, type Range, roomy } from "../data/curve";
import { duration, number, shortNumber } from "../data/format";
import { addStyle, h } from "../ui/dom";
import { Axes } from "./axes";
import css from "./chart.css";
import { type Band, type Canvas, drawBand, drawLine, type Line } from "./lines";
import type { Maps } from "./scales";

/** What the horizontal axis is: steps, seconds since the start, or another metric. */
export type Axis = "step" | "time" | "value";

export interface Content {
  lines: Line[];
  bands?: Band[];
  /** The stretch of the horizontal axis. */
  range: Range;
  isLog?: boolean;
  axis?: Axis;
}

export interface Options {
  label: string;
  height: number;
  /** A stretch was chosen, null for all. */
  onZoom(range: Range | null): void;
  /** The crosshair has moved to a value, null for none. */
  onCursor(at: number | null): void;
}

const LEAST_WIDTH = 60;
// Before the page has laid the chart out.
const FIRST_WIDTH = 300;
const FAR = 20;

/** A chart that fills the width of an element. */
export class Chart {
  readonly #options: Options;
  #content: Content = { lines: [], range: [0, 1] };
  #yRange: Range = [0, 1];
  readonly #box: HTMLElement;
  readonly #axes: Axes;
  readonly #resized: ResizeObserver;

  constructor(el: HTMLElement, options: Options) {
    this.#options = options;
    addStyle(css);
    const { label, height, onZoom, onCursor } = options;
    const names = { role: "img", "aria-label": label, tabindex: "0", "data-lm-suppress-shortcuts": "true" };
    const style = { height: `${height}px` };
    this.#box = h("div", { class: "nbt-plot", ...names, style, onkeydown: (e) => this.#key(e) });
    el.append(this.#box);
    const paint = (ctx: CanvasRenderingContext2D, at: Maps, ratio: number) => this.#paint(ctx, at, ratio);
    this.#axes = new Axes(this.#box, height, paint, { select: onZoom, point: onCursor, reset: () => onZoom(null) });
    this.#resized = new ResizeObserver(
      () => this.#box.clientWidth > LEAST_WIDTH && this.#axes.resize(this.#box.clientWidth),
    );
    this.#resized.observe(this.#box);
    this.#axes.resize(Math.max(120, this.#box.clientWidth || FIRST_WIDTH));
  }

  update(content: Content): void {
    const { lines, bands = [], isLog = false, axis } = content;
    const [lo, hi] = content.range;
    const range: Range = lo === hi ? [lo - 0.5, hi + 0.5] : content.range;
    const counted: Curve[] = lines.filter(({ faint }) => !faint);
    const edges = bands.flatMap((band) => [band.lo, band.hi].map((y) => ({ x: band.x, y })));
    const found = extent([...counted, ...edges], lo, hi, isLog) ?? extent(lines, lo, hi, isLog);
    this.#yRange = roomy(found, isLog);
    this.#content = { ...content, range };
    const x = axis === "time" ? (value: number) => duration(value) || "0" : shortNumber;
    const written = { x, y: (value: number) => number(value, 4) };
    this.#axes.update({ x: range, y: this.#yRange, isLog, isTime: axis === "time", written });
  }

  /** Puts the crosshair at a value, null for none. */
  cursor(at: number | null): void {
    this.#axes.pointer.cross(at);
  }

  redraw(): void {
    this.#axes.draw();
  }

  destroy(): void {
    this.#resized.disconnect();
    // JupyterLab keeps handlers of closed views alive; what they hold is to be small.
    this.#content = { lines: [], range: [0, 1] };
    this.#box.remove();
  }

  #paint(ctx: CanvasRenderingContext2D, at: Maps, ratio: number): void {
    const { lines, bands = [], range, isLog = false } = this.#content;
    const canvas: Canvas = { ctx, at, ratio, range, isLog, least: this.#yRange[0] };
    ctx.lineJoin = ctx.lineCap = "round";
    for (const band of bands) drawBand(canvas, band);
    for (const line of lines) drawLine(canvas, line);
  }

  #key(e: KeyboardEvent): void {
    const act = this.#keys(e)[e.key];
    if (!act || e.ctrlKey || e.metaKey) return;
    act();
    e.preventDefault();
    e.stopPropagation();
  }

  #keys({ shiftKey }: KeyboardEvent): Record<string, () => void> {
    const by = shiftKey ? FAR : 1;
    const reset = () => this.#options.onZoom(null);
    return {
      ArrowLeft: () => this.#step(-by),
      ArrowRight: () => this.#step(by),
      "+": () => this.#zoom(0.5),
      "=": () => this.#zoom(0.5),
      "-": () => this.#zoom(2),
      0: reset,
      Escape: reset,
    };
  }

  /** Where the keyboard acts: at the crosshair, else in the middle. */
  get #here(): number {
    const [lo, hi] = this.#content.range;
    return this.#axes.pointer.crossed ?? (lo + hi) / 2;
  }

  #zoom(by: number): void {
    const here = this.#here;
    const [lo, hi] = this.#content.range;
    this.#options.onZoom([here - (here - lo) * by, here + (hi - here) * by]);
  }

  #step(by: number): void {
    const x = this.#content.lines.find(({ faint }) => !faint)?.x;
    if (!x?.length) return;
    const at = x[Math.max(0, Math.min(x.length - 1, nearest(x, this.#here) + by))]!;
    this.cursor(at);
    this.#options.onCursor(at);
  }
}
