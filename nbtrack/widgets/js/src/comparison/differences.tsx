// Params that differ, metrics with their differences to a run, and what is the same in all.
import { colorOf } from "../chart/palette";
import { type Column, differs, level, written } from "../data/columns";
import { duration, moment } from "../data/format";
import { splitStatus } from "../data/status";
import { Button } from "../ui/button";
import { Name } from "../ui/name";
import { StatusBadge } from "../ui/status";
import { Line } from "./line";
import { MetricLines } from "./metric_lines";
import { Pick, runOptions } from "./pick";
import { Key } from "./runs_legend";
import type { ComparisonState } from "./state";

const FIRST_RUNS = 30;
const MOST_SAME = 60;
const NOTHING = "–";

export function Differences({ state }: { state: ComparisonState }) {
  const { runs, ui } = state;
  const shown = ui.all ? runs : runs.slice(0, FIRST_RUNS);
  const params = state.columns.filter(({ group }) => group === "param");
  return (
    <>
      <div class="nbt-tools">
        <Pick
          word="difference to"
          label="reference run"
          options={runOptions(state)}
          value={String(ui.reference)}
          onChange={(run) => state.choose({ reference: Number(run) })}
        />
        {runs.length > shown.length && (
          <Button onClick={() => state.choose({ all: true })}>Show all {runs.length} runs</Button>
        )}
      </div>
      <Table state={state} shown={shown} params={params.filter((column) => differs(column, runs))} />
      <Same state={state} params={params.filter((column) => !differs(column, runs))} />
    </>
  );
}

interface TableProps {
  state: ComparisonState;
  shown: number[];
  params: Column[];
}

function Table({ state, shown, params }: TableProps) {
  const metrics = state.columns.filter(({ group }) => group === "metric");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
    <section class="nbt-wide" tabIndex={0} aria-label="differences">
      <table class="nbt-diffs">
        <thead>
          <tr>
            <td />
            {shown.map((run) => (
              <Head key={state.ids[run]} state={state} run={run} />
            ))}
          </tr>
        </thead>
        <Facts state={state} shown={shown} />
        <tbody>
          {params.map((column) => (
            <Param key={column.id} state={state} shown={shown} column={column} />
          ))}
        </tbody>
        <tbody>
          {metrics.map(
            (column) => column.v && <MetricLines key={column.id} state={state} shown={shown} column={column} />,
          )}
        </tbody>
      </table>
    </section>
  );
}

function Head({ state, run }: { state: ComparisonState; run: number }) {
  const isSelected = state.selected.has(run);
  return (
    <th scope="col" aria-selected={isSelected}>
      <Button aria-pressed={isSelected} onClick={() => state.toggle(run)}>
        <Key color={colorOf(run)} />
        <Name of={state.labels[run]!} most={24} />
      </Button>
    </th>
  );
}

function Facts({ state, shown }: { state: ComparisonState; shown: number[] }) {
  const of = (id: string, write: (value: number) => string) => {
    const values = state.columnOf(id)?.v;
    return (run: number) => (values ? write(values[run]!) : NOTHING);
  };
  const status = state.columnOf("status");
  const badge = (run: number) => {
    const [word, ended] = splitStatus(status ? level(status, run) : "");
    return <StatusBadge status={word} ended={ended} />;
  };
  const line = { state, shown };
  return (
    <tbody>
      <Line {...line} head="status" cell={badge} />
      <Line {...line} head="started" cell={of("started", moment)} />
      <Line {...line} head="duration" cell={of("duration", duration)} />
    </tbody>
  );
}

function Param({ state, shown, column }: { state: ComparisonState; shown: number[]; column: Column }) {
  const head = (
    <>
      <span class="nbt-dim" title="differs">
        {"≠ "}
      </span>
      <Name of={column.name} most={36} />
    </>
  );
  const cell = (run: number) => <Name of={written(column, run, state.now) || NOTHING} most={40} />;
  return <Line state={state} shown={shown} head={head} cell={cell} />;
}

function Same({ state, params }: { state: ComparisonState; params: Column[] }) {
  if (!params.length) return null;
  return (
    <p class="nbt-dim">
      {"same in all: "}
      {params.slice(0, MOST_SAME).map((column, i) => (
        <span key={column.id}>
          {i > 0 && " · "}
          <Name of={`${column.name} = ${written(column, 0, state.now) || NOTHING}`} />
        </span>
      ))}
      {params.length > MOST_SAME && ` and ${params.length - MOST_SAME} more`}
    </p>
  );
}
