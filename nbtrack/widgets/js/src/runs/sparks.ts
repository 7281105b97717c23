// The small curves of metrics in the table of runs.

export interface Spark {
  x: Float32Array;
  y: Float32Array;
}

/** Curves that come one after the other: all metrics of a run, then those of the next. */
export interface SparkNews {
  lengths: Int32Array;
  x: Float32Array;
  y: Float32Array;
}

const idOf = (row: number, metric: string) => `${row}\0${metric}`;

export class Sparks {
  readonly #known = new Map<string, Spark>();

  of(row: number, metric: string): Spark | undefined {
    return this.#known.get(idOf(row, metric));
  }

  add(rows: readonly number[], metrics: readonly string[], { lengths, x, y }: SparkNews): void {
    let start = 0;
    lengths.forEach((length, i) => {
      const id = idOf(rows[Math.floor(i / metrics.length)]!, metrics[i % metrics.length]!);
      const end = start + length;
      this.#known.set(id, { x: x.slice(start, end), y: y.slice(start, end) });
      start = end;
    });
  }

  /** Forgets the curves of runs that have gone on. */
  drop(rows: readonly number[]): void {
    const changed = new Set(rows);
    for (const id of this.#known.keys()) if (changed.has(Number(id.split("\0")[0]))) this.#known.delete(id);
  }

  clear(): void {
    this.#known.clear();
  }
}

/** The path of a curve in 40 by 16 pixels; empty where there is no more than a point. */
export function pathOf({ x, y }: Spark): string {
  if (x.length < 2) return "";
  const at = (i: number) => `${(1 + x[i]! * 38).toFixed(1)} ${(15 - y[i]! * 13).toFixed(1)}`;
  return Array.from(x, (_, i) => `${i ? "L" : "M"}${at(i)}`).join("");
}
