// The points of a scatter plot, in pixels.
import type { Scale } from "../data/scale";

export const HEIGHT = 300;
export const LEFT = 64;
export const RIGHT = 16;
const BOTTOM = 34;
const TOP = 10;
/** How near to a point a press takes it. */
const NEAR = 10;
/** How far the pointer moves before it draws a rectangle. */
const LEAST_DRAG = 4;

export interface Point {
  run: number;
  x: number;
  y: number;
}

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const atX = (place: number, width: number) => LEFT + place * (width - LEFT - RIGHT);
export const atY = (place: number) => HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP);
/** Where the horizontal axis is written. */
export const BELOW = HEIGHT - BOTTOM + 16;

/** The points of the runs that have both values. */
export function pointsOf(runs: readonly number[], x: Scale, y: Scale, width: number): Point[] {
  const all = runs.map((run) => ({ run, x: atX(x.at(run), width), y: atY(y.at(run)) }));
  return all.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
}

export type Place = readonly [x: number, y: number];

/** Whether the pointer has moved so far that it draws a rectangle. */
export const isDrag = ([x0, y0]: Place, [x1, y1]: Place): boolean => Math.hypot(x1 - x0, y1 - y0) > LEAST_DRAG;

export const areaOf = ([x0, y0]: Place, [x1, y1]: Place): Area => ({
  x: Math.min(x0, x1),
  y: Math.min(y0, y1),
  width: Math.abs(x1 - x0),
  height: Math.abs(y1 - y0),
});

export function runsIn(points: readonly Point[], { x, y, width, height }: Area): number[] {
  const inside = points.filter((p) => p.x >= x && p.x <= x + width && p.y >= y && p.y <= y + height);
  return inside.map(({ run }) => run);
}

/** The run whose point is nearest to a place, undefined where none is near. */
export function runAt(points: readonly Point[], [x, y]: Place): number | undefined {
  const distances = points.map((point) => [Math.hypot(point.x - x, point.y - y), point.run] as const);
  const [distance, run] = distances.sort((a, b) => a[0] - b[0])[0] ?? [Infinity];
  return distance < NEAR ? run : undefined;
}
