// What can be chosen of a run's charts: smoothing, axes, which metrics, the range.

import { Logarithmic, type Setting, Smoothing } from "../chart/settings";
import { Button } from "../ui/button";
import { Choice, type Option } from "../ui/choice";
import { grouped } from "./metrics";
import type { RunState } from "./state";

/** From so many charts on, one can be found by name. */
const MANY = 9;
const MOST_AXES = 200;
const LONGEST_KEY = 60;

export function Tools({ state }: { state: RunState }) {
  const { ui, metrics } = state;
  const isMany = grouped(metrics, [], "").length >= MANY;
  const hasCurve = metrics.some(({ count }) => count > 1);
  return (
    <div class="nbt-tools" role="toolbar" aria-label="chart options" hidden={!hasCurve}>
      <Smoothing value={ui.smooth} onChange={(smooth) => state.choose({ smooth })} />
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the control is Choice's */}
      <label>
        x
        <Choice
          label="horizontal axis"
          options={axes(state)}
          value={ui.axis}
          onChange={(axis) => state.setAxis(axis)}
        />
      </label>
      <Logarithmic value={ui.isLog} onChange={(isLog) => state.choose({ isLog })} />
      {isMany && <Search value={ui.search} onChange={(search) => state.choose({ search })} />}
      {ui.zoom && <Button onClick={() => state.choose({ zoom: null })}>Reset zoom</Button>}
      {state.axisProblem && <span class="nbt-bad">{state.axisProblem}</span>}
    </div>
  );
}

function axes({ canAsk, metrics }: RunState): Option[] {
  const others = canAsk ? metrics.slice(0, MOST_AXES) : [];
  const named = others.map(({ key }): Option => [`=${key}`, key.slice(0, LONGEST_KEY)]);
  return [["step", "step"], ["time", "time"], ...named];
}

function Search({ value, onChange }: Setting<string>) {
  return (
    <input
      type="search"
      placeholder="find a metric"
      aria-label="find a metric"
      value={value}
      onKeyDown={(e) => e.stopPropagation()}
      onInput={(e) => onChange(e.currentTarget.value)}
    />
  );
}
