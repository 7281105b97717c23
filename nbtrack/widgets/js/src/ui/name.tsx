// Other people's strings: isolated in their direction of writing, and cut to a length.
const MOST_IN_TITLE = 400;

/** A string of one line, cut to a number of characters. */
export function clip(value: string, most: number): string {
  const line = value.replace(/[\s\u2028\u2029]+/g, " ");
  // Twice as many units as characters are wanted: a character takes one or two.
  const letters = line.length > most ? [...line.slice(0, 2 * most + 2)] : [];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
}

/** A string cut to a length, with more of it in its tooltip. */
export function Name({ of, most = 60 }: { of: string; most?: number }) {
  const shown = clip(of, most);
  return <bdi title={shown === of ? undefined : clip(of, MOST_IN_TITLE)}>{shown}</bdi>;
}
