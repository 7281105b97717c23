// How a run stands, by an icon and a word.
import { statusWord } from "../data/status";
import { h } from "./dom";

type Look = readonly [icon: string, color: string];

const SCHEDULED: Look = ["○", "--nbt-dim"];
const LOOKS: Record<string, Look> = {
  RUNNING: ["●", "--nbt-accent"],
  SCHEDULED,
  FINISHED: ["✓", "--nbt-good"],
  FAILED: ["✗", "--nbt-bad"],
  KILLED: ["■", "--nbt-warn"],
};

interface Props {
  status: string;
  ended?: string | undefined;
  line?: number | null;
  /** Whether the icon pulses, as it does while somebody watches a run. */
  isLive?: boolean;
}

export function StatusBadge({ status, ended, line, isLive }: Props) {
  const [icon, color] = LOOKS[status] ?? SCHEDULED;
  return (
    <span class="nbt-status">
      <span class={isLive ? "nbt-pulse" : undefined} style={{ color: `var(${color})` }} aria-hidden="true">
        {icon}
      </span>{" "}
      {statusWord(status, ended, line)}
    </span>
  );
}

/** The same as an element, for what is drawn without components. */
export function statusBadge(status: string, ended?: string): HTMLElement {
  const [icon, color] = LOOKS[status] ?? SCHEDULED;
  const mark = h("span", { style: { color: `var(${color})` }, "aria-hidden": "true" }, icon);
  return h("span", { class: "nbt-status" }, mark, " ", statusWord(status, ended));
}
