// The metrics of a chart and the runs underneath: their colours and values; pressed, they hide.
import { colorOf } from "../chart/palette";
import { Button } from "../ui/button";
import { Name } from "../ui/name";
import { roleId, shownValue, underOf } from "./drawing";
import type { Group } from "./metrics";
import type { RunState } from "./state";

interface Props {
  state: RunState;
  group: Group;
  /** Where the crosshair is. */
  cursor: number | null;
}

export function Legend({ state, group, cursor }: Props) {
  const keys = group.metrics.map(({ key }) => key);
  return (
    <div class="nbt-legend">
      {group.metrics.map((metric, i) => (
        <Entry key={metric.key} id={metric.key} label={metric.key} color={colorOf(i)} state={state} keys={keys}>
          {shownValue(state, metric, cursor)}
        </Entry>
      ))}
      {underOf(state, group).map(({ role, name }) => (
        <Entry key={role} id={roleId(role)} label={`${role}: ${name}`} state={state} keys={keys} />
      ))}
    </div>
  );
}

interface EntryProps {
  state: RunState;
  /** What hides it. */
  id: string;
  label: string;
  /** Without one it is dashed. */
  color?: string;
  /** The metrics of the chart. */
  keys: string[];
  /** Its value. */
  children?: string;
}

function Entry({ state, id, label, color, keys, children }: EntryProps) {
  const { hidden } = state.ui;
  const press = (e: MouseEvent) => {
    if (e.altKey || e.detail === 2) isolate(hidden, id, keys);
    else if (!hidden.delete(id)) hidden.add(id);
    state.changed();
  };
  return (
    <Button
      aria-pressed={!hidden.has(id)}
      title="click: hide or show; double-click or Alt: this one only"
      onClick={press}
    >
      <span class={`nbt-key${color ? "" : " nbt-dashed"}`} style={{ borderColor: color ?? "var(--nbt-dim)" }} />
      <b>
        <Name of={label} most={34} />
      </b>{" "}
      {children}
    </Button>
  );
}

/** Hides all but one metric; pressed again it shows them. */
function isolate(hidden: Set<string>, id: string, keys: string[]): void {
  const others = keys.filter((key) => key !== id);
  const isAlone = others.length > 0 && others.every((key) => hidden.has(key));
  for (const key of others) isAlone ? hidden.delete(key) : hidden.add(key);
  hidden.delete(id);
}
