// The first line of a run's view: how it stands, its name, facts, and what can be pressed.

import { Button } from "../ui/button";
import { Name } from "../ui/name";
import { StatusBadge } from "../ui/status";
import { facts } from "./facts";
import type { Run } from "./protocol";
import type { Part, RunState } from "./state";

export function Head({ state, run }: { state: RunState; run: Run }) {
  const { isGone } = state;
  const isRunning = run.status === "RUNNING";
  const ending = isRunning ? " · the kernel is gone; how the run ended is in the store" : " · without kernel";
  return (
    <div class="nbt-head">
      <StatusBadge status={run.status} ended={run.ended} line={run.line} isLive={isRunning && !isGone} />
      <span class="nbt-name">
        <Name of={run.name} />
      </span>
      <span class="nbt-dim nbt-grow">
        {facts(state).join(" · ")}
        {isGone && ending}
      </span>
      <Buttons state={state} run={run} />
    </div>
  );
}

function Buttons({ state, run }: { state: RunState; run: Run }) {
  const { canAsk } = state;
  return (
    <span class="nbt-buttons">
      {run.status === "RUNNING" && canAsk && <Stop state={state} run={run} />}
      {canAsk && <Tab state={state} part="note" label="Note" />}
      {run.params.length > 0 && <Tab state={state} part="params" label="Params" />}
      {(run.files > 0 || canAsk) && <Tab state={state} part="files" label="Files" />}
      {canAsk && <Pin state={state} run={run} />}
    </span>
  );
}

function Stop({ state, run }: { state: RunState; run: Run }) {
  const heard = run.hears === "always" ? "End the run; what was logged is kept" : `Heard ${run.hears}`;
  const elsewhere = "This run is not running in this kernel; stop it where it runs";
  return (
    <Button
      data-what="stop"
      disabled={!run.canStop || state.isStopping}
      title={run.canStop ? heard : elsewhere}
      onClick={() => state.stop()}
    >
      {state.isStopping ? "Stopping …" : "■ Stop"}
    </Button>
  );
}

function Tab({ state, part, label }: { state: RunState; part: Part; label: string }) {
  return (
    <Button data-what={part} aria-pressed={state.ui.open === part} onClick={() => state.toggle(part)}>
      {label}
    </Button>
  );
}

function Pin({ state, run }: { state: RunState; run: Run }) {
  const isPinned = state.pinned === run.id;
  return (
    <Button
      data-what="pin"
      aria-pressed={isPinned}
      title="Draw this run under the coming ones of its experiment"
      onClick={() => state.pin()}
    >
      {isPinned ? "Pinned" : "Pin"}
    </Button>
  );
}
