// Where the lines of parallel coordinates run, in pixels.
import type { Scale, Tick } from "../data/scale";

export const HEIGHT = 280;
export const TOP = 34;
export const BOTTOM = 16;
const MARGIN = 60;
const MOST_TICKS = 9;

export const atY = (place: number) => HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM);

/** The place of a height on an axis, between 0 and 1. */
export const placeAt = (y: number) => Math.max(0, Math.min(1, (HEIGHT - BOTTOM - y) / (HEIGHT - TOP - BOTTOM)));

/** Where the axis `i` of so many is. */
export const atX = (i: number, axes: number, width: number) => MARGIN + (i * (width - 2 * MARGIN)) / (axes - 1);

/** The line of a run across the axes on which it has a place. */
export function lineOf(scales: readonly Scale[], run: number, width: number): string {
  const places = scales.map((scale, i) => [atX(i, scales.length, width), scale.at(run)] as const);
  const known = places.filter(([, place]) => Number.isFinite(place));
  return known.map(([x, place], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${atY(place).toFixed(1)}`).join("");
}

/** So many ticks as an axis has room for. */
export function spaced(ticks: readonly Tick[]): Tick[] {
  const step = Math.ceil(ticks.length / MOST_TICKS);
  return ticks.filter((_, i) => i % step === 0);
}
