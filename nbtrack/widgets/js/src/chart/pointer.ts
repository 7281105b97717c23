// The pointer over a plot: a crosshair, and a stretch that is dragged.
import type { Range } from "../data/curve";
import { h } from "../ui/dom";
import type { Box } from "./scales";

export interface PointerEvents {
  /** A stretch of the horizontal axis was dragged. */
  select(range: Range): void;
  /** The crosshair is at this value, null for none. */
  point(value: number | null): void;
  reset(): void;
}

// Less is a click by an unsteady hand.
const LEAST_DRAG = 3;

export class Pointer {
  readonly #on: PointerEvents;
  readonly el: HTMLElement;
  /** Where the crosshair is, as a value. */
  crossed: number | null = null;
  readonly #cross_ = h("div", { class: "nbt-cross", hidden: true });
  readonly #dragged = h("div", { class: "nbt-dragged", hidden: true });
  // A value, as the axis may grow while the pointer is down.
  #start: number | null = null;
  #range: Range = [0, 1];
  #width = 1;

  constructor(on: PointerEvents) {
    this.#on = on;
    const release = (e: PointerEvent) => this.#release(e);
    const handlers = {
      onpointerdown: (e: PointerEvent) => this.#press(e),
      onpointermove: (e: PointerEvent) => this.#move(e),
      onpointerup: release,
      onpointercancel: release,
      onpointerleave: () => this.#leave(),
      ondblclick: () => on.reset(),
    };
    this.el = h("div", { class: "nbt-over", ...handlers }, this.#cross_, this.#dragged);
  }

  /** Lies over this box, which shows a range. */
  fit({ left, top, width, height }: Box, range: Range): void {
    this.#width = width;
    this.#range = range;
    const style = { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
    Object.assign(this.el.style, style);
  }

  /** Puts the crosshair at a value, null for nowhere. */
  cross(value: number | null): void {
    this.crossed = value;
    this.mark();
  }

  mark(): void {
    const at = this.crossed == null ? -1 : this.#place(this.crossed);
    this.#cross_.hidden = !(at >= 0 && at <= this.#width);
    this.#cross_.style.transform = `translateX(${at}px)`;
  }

  #place(value: number): number {
    return ((value - this.#range[0]) / (this.#range[1] - this.#range[0])) * this.#width;
  }

  #value(place: number): number {
    return this.#range[0] + (place / this.#width) * (this.#range[1] - this.#range[0]);
  }

  #within(e: PointerEvent): number {
    return Math.max(0, Math.min(this.#width, e.clientX - this.el.getBoundingClientRect().left));
  }

  #press(e: PointerEvent): void {
    if (e.button) return;
    this.#start = this.#value(this.#within(e));
    this.el.setPointerCapture(e.pointerId);
  }

  #move(e: PointerEvent): void {
    const at = this.#within(e);
    this.#put(this.#value(at));
    if (this.#start == null) return;
    this.#dragged.hidden = false;
    const from = this.#place(this.#start);
    Object.assign(this.#dragged.style, { left: `${Math.min(from, at)}px`, width: `${Math.abs(at - from)}px` });
  }

  #release(e: PointerEvent): void {
    const start = this.#start;
    const at = this.#within(e);
    const to = this.#value(at);
    this.#start = null;
    this.#dragged.hidden = true;
    if (start == null || e.type !== "pointerup" || Math.abs(at - this.#place(start)) <= LEAST_DRAG) return;
    this.#on.select([Math.min(start, to), Math.max(start, to)]);
  }

  #leave(): void {
    if (this.#start == null) this.#put(null);
  }

  #put(value: number | null): void {
    this.cross(value);
    this.#on.point(value);
  }
}
