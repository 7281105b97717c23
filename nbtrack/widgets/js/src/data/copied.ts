// Rows of runs as they are copied: CSV and Markdown.
import { type Column, level, type Rows, written } from "./columns";
import { moment } from "./format";

/** Rows as CSV with a line of the columns' ids; numbers are written in full, times in ISO 8601. */
export function csv(columns: readonly Column[], rows: Rows): string {
  const head = columns.map(({ id }) => quoted(unformulated(id)));
  const lines = Array.from(rows, (row) => columns.map((column) => quoted(exact(column, row))));
  return `${[head, ...lines].map((line) => line.join(",")).join("\n")}\n`;
}

function exact(column: Column, row: number): string {
  if (!column.v) return unformulated(level(column, row));
  const value = column.v[row]!;
  if (Number.isNaN(value)) return column.nans?.includes(row) ? "NaN" : "";
  return column.kind === "time" ? new Date(value).toISOString() : String(value);
}

// An apostrophe keeps a spreadsheet from taking a string for a formula.
const unformulated = (value: string) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
const quoted = (value: string) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Rows as a table of Markdown, in which no value breaks out of its cell. */
export function markdown(columns: readonly Column[], rows: Rows): string {
  const head = line(columns.map(({ name }) => escaped(name)));
  const rule = line(columns.map(({ v }) => (v ? "---:" : "---")));
  const body = Array.from(rows, (row) => line(columns.map((column) => escaped(dated(column, row)))));
  return head + rule + body.join("");
}

// How long ago a run started says nothing once it is copied.
function dated(column: Column, row: number): string {
  const time = column.kind === "time" ? column.v?.[row] : undefined;
  if (time === undefined) return written(column, row, 0);
  return Number.isNaN(time) ? "" : moment(time);
}

const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;
const escaped = (value: string) => value.replace(/\s+/g, " ").replace(/[\\|<>`*_[\]]/g, "\\$&");
