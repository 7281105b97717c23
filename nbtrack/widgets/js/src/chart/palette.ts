// Colours of curves: the same as the static pictures have, each visible on white and on near-black.

export const PALETTE = [
  "#3b82f6",
  "#e0761a",
  "#2b9c6b",
  "#d6569b",
  "#9d7a2f",
  "#1797a8",
  "#a06cf0",
  "#e5534b",
  "#6d8a2b",
  "#7f8894",
] as const;

type Color = readonly [red: number, green: number, blue: number];

const STOPS: readonly Color[] = [
  [68, 86, 200],
  [32, 148, 168],
  [76, 184, 108],
  [228, 178, 40],
];

export const colorOf = (i: number): string => PALETTE[i % PALETTE.length]!;

/** A colour between blue and yellow for a place between 0 and 1, safe for colour-blind people; grey for none. */
export function shade(place: number): string {
  if (!(place >= 0)) return "#888";
  const x = Math.min(0.999, Math.max(0, place)) * (STOPS.length - 1);
  const i = Math.floor(x);
  const [from, to] = [STOPS[i]!, STOPS[i + 1]!];
  return `rgb(${from.map((part, j) => Math.round(part + (to[j]! - part) * (x - i))).join()})`;
}
