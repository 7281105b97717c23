// Runs compared: what differs, curves, scatter, parallel coordinates, sources and images, with one selection.
import type { ComponentType } from "preact";
import type { Source } from "../page/source";
import { Button } from "../ui/button";
import { addStyle } from "../ui/dom";
import { show } from "../ui/state";
import { CodePart } from "./code";
import css from "./comparison.css";
import { CurvesPart } from "./curves";
import { Differences } from "./differences";
import { ImagesPart } from "./images";
import { ParallelPart } from "./parallel";
import type { ComparisonProtocol } from "./protocol";
import { RunsLegend } from "./runs_legend";
import { ScatterPart } from "./scatter";
import { ComparisonState, type Tab } from "./state";

interface Part {
  title: string;
  View: ComponentType<{ state: ComparisonState }>;
}

const PARTS: Record<Tab, Part> = {
  table: { title: "Differences", View: Differences },
  curves: { title: "Curves", View: CurvesPart },
  scatter: { title: "Scatter", View: ScatterPart },
  parallel: { title: "Parallel", View: ParallelPart },
  code: { title: "Code", View: CodePart },
  images: { title: "Images", View: ImagesPart },
};
const STEPS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

export function open(source: Source<ComparisonProtocol>): ComparisonState {
  addStyle(css);
  return new ComparisonState(source);
}

export function mount(state: ComparisonState, el: HTMLElement): () => void {
  el.setAttribute("role", "group");
  return show(el, state, () => <Comparison state={state} />);
}

function Comparison({ state }: { state: ComparisonState }) {
  if (!state.ids.length) return null;
  const { View } = PARTS[state.ui.tab];
  return (
    <>
      <RunsLegend state={state} />
      <Tabs state={state} />
      <div role="tabpanel">
        <View key={state.ui.tab} state={state} />
      </div>
    </>
  );
}

function Tabs({ state }: { state: ComparisonState }) {
  const tabs = (Object.keys(PARTS) as Tab[]).filter((tab) => tab !== "images" || state.images.length);
  return (
    <div class="nbt-tabs" role="tablist">
      {tabs.map((tab) => (
        <TabButton key={tab} state={state} tab={tab} tabs={tabs} />
      ))}
    </div>
  );
}

function TabButton({ state, tab, tabs }: { state: ComparisonState; tab: Tab; tabs: Tab[] }) {
  const isShown = tab === state.ui.tab;
  const press = (e: KeyboardEvent) => {
    const by = STEPS[e.key];
    if (!by) return;
    const i = (tabs.indexOf(tab) + by + tabs.length) % tabs.length;
    state.choose({ tab: tabs[i]! });
    const others = (e.currentTarget as Element).parentElement?.querySelectorAll<HTMLElement>("button");
    others?.[i]?.focus();
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <Button
      role="tab"
      aria-selected={isShown}
      tabIndex={isShown ? 0 : -1}
      onClick={() => state.choose({ tab })}
      onKeyDown={press}
    >
      {PARTS[tab].title}
    </Button>
  );
}
