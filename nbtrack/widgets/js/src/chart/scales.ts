// Where values lie in a chart.
import type { Range } from "../data/curve";

/** The ranges of both axes, and how their values are written. */
export interface Scales {
  x: Range;
  y: Range;
  isLog: boolean;
  isTime: boolean;
  written: { x: (value: number) => string; y: (value: number) => string };
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Maps from values to pixels of a canvas. */
export interface Maps {
  x(value: number): number;
  y(value: number): number;
  box: Box;
}

const identity = (value: number) => value;

export function maps({ x, y, isLog }: Scales, box: Box): Maps {
  const of = isLog ? Math.log10 : identity;
  const [x0, y0] = [x[0], of(y[0])];
  const byX = box.width / (x[1] - x0);
  const byY = box.height / (of(y[1]) - y0);
  const bottom = box.top + box.height;
  return { x: (value) => box.left + (value - x0) * byX, y: (value) => bottom - (of(value) - y0) * byY, box };
}

export const scaled = ({ left, top, width, height }: Box, by: number): Box => ({
  left: left * by,
  top: top * by,
  width: width * by,
  height: height * by,
});
