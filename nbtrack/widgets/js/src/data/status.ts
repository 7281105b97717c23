// The words for how a run stands.

const WORDS: Record<string, string> = {
  RUNNING: "Running",
  SCHEDULED: "Scheduled",
  FINISHED: "Finished",
  FAILED: "Failed",
  KILLED: "Interrupted",
};

/** The word for a status: `Failed at line 4`, `Stopped`, `Failed (crashed)`. */
export function statusWord(status: string, ended = "", line: number | null = null): string {
  if (status === "KILLED" && ended === "stopped") return "Stopped";
  const word = WORDS[status] ?? status;
  if (status === "FAILED" && line != null) return `${word} at line ${line}`;
  return ended ? `${word} (${ended})` : word;
}

/** A column's status, such as `FAILED crashed`, as status and how the run ended. */
export function splitStatus(value: string): [status: string, ended: string] {
  const [status = "", ended = ""] = value.split(" ");
  return [status, ended];
}
