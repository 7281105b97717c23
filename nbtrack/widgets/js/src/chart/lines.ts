// Lines and bands on a canvas.
import { type Curve, visible } from "../data/curve";
import type { Maps } from "./scales";

/** A curve of a chart; `faint` ones are drawn, but do not count for the range of the vertical axis. */
export interface Line extends Curve {
  color: string;
  width?: number;
  dash?: number[];
  alpha?: number;
  faint?: boolean;
}

/** The stretch between two curves. */
export interface Band {
  x: Float64Array;
  lo: Float64Array;
  hi: Float64Array;
  color: string;
}

/** What lines and bands are drawn on. */
export interface Canvas {
  ctx: CanvasRenderingContext2D;
  at: Maps;
  ratio: number;
  /** The stretch of the horizontal axis that is in sight. */
  range: readonly [number, number];
  isLog: boolean;
  /** The lowest value that a logarithmic axis shows. */
  least: number;
}

type Point = [x: number, y: number];

const WIDTH = 1.5;
const BAND_ALPHA = 0.18;

export function drawLine(canvas: Canvas, line: Line): void {
  const { ctx, ratio } = canvas;
  const { color, width = WIDTH, dash = [], alpha = 1 } = line;
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.globalAlpha = alpha;
  ctx.lineWidth = width * ratio;
  ctx.setLineDash(dash.map((part) => part * ratio));
  ctx.beginPath();
  const lone = path(canvas, line);
  ctx.stroke();
  for (const [x, y] of lone) {
    ctx.beginPath();
    ctx.arc(x, y, Math.max(2, width + 1) * ratio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
}

/** Follows a line, which is broken where a value has no place; returns the points that stand alone. */
function path(canvas: Canvas, { x, y }: Line): Point[] {
  const { ctx, at, isLog } = canvas;
  const [from, end] = visible(x, canvas.range[0], canvas.range[1]);
  const hasPlace = (i: number) => i < end && Number.isFinite(y[i]) && !(isLog && y[i]! <= 0);
  const lone: Point[] = [];
  let isOpen = false;
  for (let i = from; i < end; i++) {
    if (!hasPlace(i)) {
      drawOffAxis(canvas, at.x(x[i]!), y[i]!);
      isOpen = false;
      continue;
    }
    const px = at.x(x[i]!);
    const py = at.y(y[i]!);
    if (isOpen) ctx.lineTo(px, py);
    else ctx.moveTo(px, py);
    if (!isOpen && !hasPlace(i + 1)) lone.push([px, py]);
    isOpen = true;
  }
  return lone;
}

/** Marks at the edge a value for which the axis has no place; NaN and zero have no edge. */
function drawOffAxis({ ctx, at, ratio }: Canvas, x: number, value: number): void {
  if (!(value > 0 || value < 0)) return;
  const isUp = value === Infinity;
  const tip = isUp ? at.box.top : at.box.top + at.box.height;
  const base = tip + (isUp ? 7 : -7) * ratio;
  const triangle = new Path2D();
  triangle.moveTo(x, tip);
  triangle.lineTo(x - 4 * ratio, base);
  triangle.lineTo(x + 4 * ratio, base);
  ctx.fill(triangle);
}

export function drawBand({ ctx, at, isLog, least }: Canvas, { x, lo, hi, color }: Band): void {
  ctx.beginPath();
  for (let i = 0; i < x.length; i++) ctx.lineTo(at.x(x[i]!), at.y(hi[i]!));
  for (let i = x.length - 1; i >= 0; i--) ctx.lineTo(at.x(x[i]!), at.y(isLog ? Math.max(lo[i]!, least) : lo[i]!));
  ctx.closePath();
  ctx.fillStyle = color;
  ctx.globalAlpha = BAND_ALPHA;
  ctx.fill();
  ctx.globalAlpha = 1;
}
