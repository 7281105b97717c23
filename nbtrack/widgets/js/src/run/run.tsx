// The living view of a run: its curves while it runs, and for as long as there is a kernel.

import { statusWord } from "../data/status";
import type { Ask, Source } from "../page/source";
import { addStyle } from "../ui/dom";
import { Name } from "../ui/name";
import { show } from "../ui/state";
import { Charts } from "./charts";
import { FilesView } from "./files";
import type { FilesAsks } from "./files_protocol";
import { Head } from "./head";
import { Note } from "./note";
import { Params } from "./params";
import type { Run, RunProtocol } from "./protocol";
import css from "./run.css";
import { RunState } from "./state";
import { Tools } from "./tools";

export function open(source: Source<RunProtocol>): RunState {
  addStyle(css);
  return new RunState(source);
}

export function mount(state: RunState, el: HTMLElement): () => void {
  el.setAttribute("role", "group");
  return show(el, state, () => <RunView state={state} />);
}

export function RunView({ state }: { state: RunState }) {
  const { run } = state;
  if (!run) return <Waiting isOffline={state.source.isOffline} />;
  return (
    <>
      <Head state={state} run={run} />
      <Problems state={state} run={run} />
      <Note state={state} note={run.note} />
      <Tools state={state} />
      <Charts state={state} />
      <Below state={state} run={run} />
      <span role="status" class="nbt-unseen">
        Run {run.name}: {statusWord(run.status, run.ended, run.line)}
      </span>
    </>
  );
}

const Waiting = ({ isOffline }: { isOffline: boolean }) => (
  <div class="nbt-head">
    <span class="nbt-dim">{isOffline ? "" : "Waiting for the kernel …"}</span>
  </div>
);

function Problems({ state, run }: { state: RunState; run: Run }) {
  const { why } = state.pending;
  return (
    <div>
      {why && (
        <div class="nbt-error nbt-warning">
          The store is unavailable: {why}. What is logged waits in the journal and arrives later.
        </div>
      )}
      {run.error && (
        <div class="nbt-error">
          <Name of={run.error} most={300} />
        </div>
      )}
      {state.problem && <div class="nbt-error">{state.problem}</div>}
    </div>
  );
}

function Below({ state, run }: { state: RunState; run: Run }) {
  const { open: part, files } = state.ui;
  // A run answers what its files are asked, too; TypeScript takes the two for unrelated.
  const ask = state.source.ask as unknown as Ask<FilesAsks>;
  return (
    <div>
      {part === "params" && <Params params={run.params} />}
      {part === "files" && <FilesView ask={ask} choices={files} />}
    </div>
  );
}
