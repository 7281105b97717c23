// A metric in the table of differences: its last values, and the lowest and highest ones.
import { type NumberColumn, written } from "../data/columns";
import { number } from "../data/format";
import { Name } from "../ui/name";
import { Line } from "./line";
import { bestOf, type Change, changeOf, hasRange } from "./metric_change";
import type { ComparisonState } from "./state";

const ARROWS: Record<string, string> = { "-1": " ↓", "1": " ↑" };

interface Props {
  state: ComparisonState;
  shown: number[];
  column: NumberColumn;
}

export function MetricLines({ state, shown, column }: Props) {
  const stats = state.stats[column.name];
  const best = bestOf(column);
  const last = (run: number) => <Last state={state} column={column} run={run} isBest={column.v[run] === best} />;
  const line = { state, shown };
  const values = (of: Float64Array) => (run: number) => (Number.isNaN(of[run]) ? "–" : number(of[run]!, 4));
  return (
    <>
      <Line {...line} kind="nbt-metric" head={<MetricName column={column} />} cell={last} />
      {hasRange(stats) && <Line {...line} kind="nbt-sub" head={<Dim>min</Dim>} cell={values(stats.min)} />}
      {hasRange(stats) && <Line {...line} kind="nbt-sub" head={<Dim>max</Dim>} cell={values(stats.max)} />}
    </>
  );
}

const Dim = ({ children }: { children: string }) => <span class="nbt-dim">{children}</span>;

const MetricName = ({ column }: { column: NumberColumn }) => (
  <>
    <Name of={column.name} most={36} />
    <Dim>{ARROWS[Math.sign(column.better ?? 0)] ?? ""}</Dim>
  </>
);

interface LastProps {
  state: ComparisonState;
  column: NumberColumn;
  run: number;
  isBest: boolean;
}

function Last({ state, column, run, isBest }: LastProps) {
  const change = changeOf(column, run, state.ui.reference);
  return (
    <>
      {isBest ? <b>{`${number(column.v[run]!)} ★`}</b> : written(column, run, 0) || "–"}
      {change && <Difference change={change} />}
    </>
  );
}

function Difference({ change: { text, isBetter } }: { change: Change }) {
  if (isBetter === null) return <span class="nbt-dim">{` ${text}`}</span>;
  return (
    <span class={isBetter ? "nbt-good" : "nbt-bad"}>
      {` ${text}`}
      <span aria-hidden="true">{isBetter ? " ▴" : " ▾"}</span>
    </span>
  );
}
