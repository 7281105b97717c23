// The frame of a chart: a canvas with two axes, under a pointer.
import { clock, decades, round } from "../data/ticks";
import { h } from "../ui/dom";
import { Pointer, type PointerEvents } from "./pointer";
import { type Box, type Maps, maps, type Scales, scaled } from "./scales";

const TOP = 6;
const RIGHT = 10;
const BOTTOM = 22;
/** Pixels between two places of an axis. */
const APART = { x: 85, y: 34 };
const FONT_SIZE = 11;
/** The width of a digit at that size. */
const DIGIT = 6.2;
const FALLBACK_COLOR = "#888";

type Paint = (ctx: CanvasRenderingContext2D, at: Maps, ratio: number) => void;

export class Axes {
  readonly #parent: HTMLElement;
  readonly #height: number;
  readonly #paint: Paint;
  readonly pointer: Pointer;
  readonly #canvas = h("canvas");
  readonly #ctx = this.#canvas.getContext("2d")!;
  #scales: Scales = { x: [0, 1], y: [0, 1], isLog: false, isTime: false, written: { x: String, y: String } };
  #width = 0;
  #left = 0;

  constructor(parent: HTMLElement, height: number, paint: Paint, on: PointerEvents) {
    this.#parent = parent;
    this.#height = height;
    this.#paint = paint;
    this.pointer = new Pointer(on);
    parent.append(this.#canvas, this.pointer.el);
  }

  /** Draws with these scales. */
  update(scales: Scales): void {
    this.#scales = scales;
    this.draw();
  }

  resize(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.draw();
  }

  draw(): void {
    if (!this.#width) return;
    const [ctx, scales] = [this.#ctx, this.#scales];
    const ys = this.#places("y", this.#height - TOP - BOTTOM);
    const labels = ys.map(scales.written.y);
    this.#left = 12 + DIGIT * Math.max(2, ...labels.map(({ length }) => length));
    const xs = this.#places("x", this.#room().width);
    const ratio = devicePixelRatio;
    this.#fit(ratio);
    const at = maps(scales, scaled(this.#room(), ratio));
    this.#prepare(ratio);
    this.#drawRows(at, ys, labels, ratio);
    this.#drawLabels(at, xs, ratio);
    ctx.save();
    ctx.beginPath();
    ctx.rect(at.box.left, at.box.top, at.box.width, at.box.height);
    ctx.clip();
    this.#paint(ctx, at, ratio);
    ctx.restore();
    this.pointer.mark();
  }

  #places(axis: "x" | "y", room: number): number[] {
    const { isLog, isTime } = this.#scales;
    const divided = axis === "y" ? (isLog ? decades : round) : isTime ? clock : round;
    return divided(...this.#scales[axis], Math.max(axis === "y" ? 2 : 1, room / APART[axis]));
  }

  #room(): Box {
    const [left, width, height] = [this.#left, this.#width, this.#height];
    return { left, top: TOP, width: Math.max(1, width - left - RIGHT), height: height - TOP - BOTTOM };
  }

  #fit(ratio: number): void {
    const [canvas, width, height] = [this.#canvas, this.#width, this.#height];
    // Setting a canvas's size clears it, and costs time, even where the size is the same.
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
    }
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    this.pointer.fit(this.#room(), this.#scales.x);
  }

  #prepare(ratio: number): void {
    const [ctx, canvas] = [this.#ctx, this.#canvas];
    const style = getComputedStyle(this.#parent);
    const color = (name: string) => style.getPropertyValue(name).trim() || FALLBACK_COLOR;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.lineWidth = ratio;
    ctx.strokeStyle = color("--nbt-line");
    ctx.fillStyle = color("--nbt-dim");
    ctx.font = `${FONT_SIZE * ratio}px system-ui, sans-serif`;
  }

  #drawRows({ y, box }: Maps, ys: number[], labels: string[], ratio: number): void {
    const ctx = this.#ctx;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.beginPath();
    for (const [i, value] of ys.entries()) {
      // Lines between two rows of pixels would be two pixels wide.
      const at = Math.round(y(value)) + 0.5;
      ctx.moveTo(box.left, at);
      ctx.lineTo(box.left + box.width, at);
      ctx.fillText(labels[i]!, box.left - 4 * ratio, at);
    }
    ctx.stroke();
  }

  #drawLabels({ x, box }: Maps, xs: number[], ratio: number): void {
    const ctx = this.#ctx;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    const top = box.top + box.height + 5 * ratio;
    for (const value of xs) ctx.fillText(this.#scales.written.x(value), x(value), top);
  }
}
