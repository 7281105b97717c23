// What compared runs are called.

const LENGTH_OF_ID = 6;

/** The names of runs; where two have the same one, with the beginning of their id. */
export function labelsOf(ids: readonly string[], names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, i) => (counts.get(name) === 1 ? name : `${name} (${ids[i]!.slice(0, LENGTH_OF_ID)})`));
}
