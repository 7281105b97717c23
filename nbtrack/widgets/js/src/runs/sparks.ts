// Small curves of metrics, which stand in cells.
import type { Ask } from "../page/source";
import type { RunsProtocol, SparkCurves } from "./protocol";

/** Points between 0 and 1. */
export interface Spark {
  x: Float32Array;
  y: Float32Array;
}

const nameOf = (row: number, key: string) => `${row}\0${key}`;

/** The curves that have arrived, by row and key; a run without points has an empty one. */
export class Sparks {
  readonly #curves = new Map<string, Spark>();

  /** Asks for the curves of the rows that miss one; returns whether any have arrived. */
  async read(ask: Ask<RunsProtocol["asks"]>, rows: readonly number[], keys: string[]): Promise<boolean> {
    const missing = rows.filter((row) => keys.some((key) => !this.of(row, key)));
    const curves = missing.length ? await ask("sparks", { rows: missing, keys }).catch(() => null) : null;
    if (curves) this.keep(missing, keys, curves);
    return curves !== null;
  }

  keep(rows: readonly number[], keys: readonly string[], { lengths, x, y }: SparkCurves): void {
    let start = 0;
    const names = rows.flatMap((row) => keys.map((key) => nameOf(row, key)));
    Array.from(lengths).forEach((length, i) => {
      const end = start + length;
      this.#curves.set(names[i]!, { x: x.slice(start, end), y: y.slice(start, end) });
      start = end;
    });
  }

  of(row: number, key: string): Spark | undefined {
    return this.#curves.get(nameOf(row, key));
  }

  /** Forgets the curves of rows that have changed, so that they are asked for again. */
  forget(rows: ArrayLike<number>): void {
    const gone = new Set(Array.from(rows));
    for (const name of this.#curves.keys()) if (gone.has(Number.parseInt(name, 10))) this.#curves.delete(name);
  }

  clear(): void {
    this.#curves.clear();
  }
}

/** The path of a curve in a box of 40 by 16 pixels; empty where no line can be drawn. */
export function pathOf(spark: Spark | undefined): string {
  if (!spark || spark.x.length < 2) return "";
  const point = (x: number, i: number) => `${(1 + x * 38).toFixed(1)} ${(15 - spark.y[i]! * 13).toFixed(1)}`;
  return Array.from(spark.x, (x, i) => (i ? "L" : "M") + point(x, i)).join("");
}
