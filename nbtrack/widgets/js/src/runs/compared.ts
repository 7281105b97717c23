// The comparison below a table: its requests go through the table's view.
import * as comparison from "../comparison/comparison";
import type { Snapshot } from "../comparison/protocol";
import type { ComparisonState } from "../comparison/state";
import { Events } from "../page/events";
import type { Source } from "../page/source";
import type { RunsProtocol } from "./protocol";

export function openComparison({ key, ask }: Source<RunsProtocol>, snapshot: Snapshot): ComparisonState {
  const events = new Events();
  const state = comparison.open({
    key,
    kind: "comparison",
    isOffline: false,
    on: events.on,
    onGone: () => () => {},
    close: events.clear,
    // What an answer is like depends on the question, which only the comparison knows.
    ask: async (what, args) => (await ask("child", { what, args: args ?? {} })) as never,
  });
  events.emit("snapshot", snapshot);
  return state;
}
