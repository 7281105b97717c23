// How a run stands, in an icon and words.
import { h } from "./dom.js";

const STATES = /** @type {Record<string, [string, string, string]>} icon, word, colour */ ({
  RUNNING: ["●", "Running", "--nbt-accent"],
  SCHEDULED: ["○", "Scheduled", "--nbt-dim"],
  FINISHED: ["✓", "Finished", "--nbt-good"],
  FAILED: ["✗", "Failed", "--nbt-bad"],
  KILLED: ["■", "Interrupted", "--nbt-warn"],
});

/**
 * The word for a status: `Failed at line 4`, `Stopped`, `Failed (crashed)`.
 * @param {string} status @param {string} [ended] @param {number | null} [line]
 */
export function statusWord(status, ended = "", line = null) {
  if (status === "KILLED" && ended === "stopped") return "Stopped";
  const word = STATES[status]?.[1] ?? status;
  if (status === "FAILED" && line != null) return `${word} at line ${line}`;
  return ended ? `${word} (${ended})` : word;
}

/** @param {string} status @param {string} [ended] @param {number | null} [line] */
export function statusBadge(status, ended, line) {
  const [icon, , color] = STATES[status] ?? STATES.SCHEDULED;
  return h("span", { class: "nbt-status" }, h("span", { style: { color: `var(${color})` }, "aria-hidden": "true" }, icon), " ", statusWord(status, ended, line));
}
