// @ts-nocheck: to be taken apart, with types of its own.
// Runs compared: what differs, curves, scatter, parallel coordinates, sources and images, with one selection.

import { colorOf } from "../chart/palette";
import { type Column, differs, written as text } from "../data/columns";
import { duration, moment, number } from "../data/format";
import { splitStatus as split } from "../data/status";
import type { Source } from "../page/source";
import { choice } from "../ui/choice";
import { addStyle, fill, h } from "../ui/dom";
import { clip, name } from "../ui/name";
import { statusBadge } from "../ui/status";
import css from "./comparison.css";
import { curvesPart } from "./curves";
import { parallel } from "./parallel";
import { scatter } from "./scatter";
import { codePart, imagesPart } from "./side_by_side";

type AnyProtocol = any;

export function open(source: Source<AnyProtocol>) {
  addStyle(css);
  const store = {
    source,
    ids: [],
    columns: [],
    selected: new Set(),
    isGone: false,
    curves: new Map(),
    listeners: new Set(),
    ui: {
      tab: "",
      reference: 0,
      group: "",
      smooth: 0.6,
      axis: "step",
      log: false,
      zoom: null,
      x: "",
      y: "",
      color: "",
      brushes: {},
      all: false,
      what: "code",
      left: 0,
      right: 1,
      image: 0,
      swipe: 50,
    },
    close() {
      store.columns = [];
      store.curves.clear();
      store.listeners.clear();
    },
    changed() {
      store.listeners.forEach((each: () => void) => each());
    },
    /** Select these runs. */
    select(runs: Iterable<number>) {
      store.selected = new Set(runs);
      if (!source.isOffline && !store.isGone)
        source
          .ask("select", { ids: [...store.selected].sort((a, b) => a - b).map((i) => store.ids[i]) })
          .catch(() => {});
      store.changed();
    },

    toggle(run: number) {
      const next = new Set(store.selected);
      if (!next.delete(run)) next.add(run);
      store.select(next);
    },

    stands: (run: number) => !store.selected.size || store.selected.has(run),
  } as any;
  source.on("snapshot", (value) => {
    const names = value.columns.find((c: Column) => c.id === "name");
    const own = value.ids.map((_: string, i: number) => text(names, i, 0));
    Object.assign(store, value, {
      selected: new Set(value.selected.map((id: string) => value.ids.indexOf(id))),
      labels: own.map((label: string, i: number) =>
        own.indexOf(label) === own.lastIndexOf(label) ? label : `${label} (${value.ids[i].slice(0, 6)})`,
      ),
    });
    store.ui.right = Math.min(store.ui.right, value.ids.length - 1);
    store.changed();
  });
  source.onGone(() => {
    store.isGone = true;
    store.changed();
  });
  return store;
}

const PARTS = {
  table: ["Differences", differences],
  curves: ["Curves", curvesPart],
  scatter: ["Scatter", scatter],
  parallel: ["Parallel", parallel],
  code: ["Code", codePart],
  images: ["Images", imagesPart],
} as Record<string, [string, (store: any, el: HTMLElement) => () => void]>;

export function mount(store: any, el: HTMLElement) {
  const legend = h("div", {
      class: "nbt-legend nbt-runs",
      role: "group",
      "aria-label": "runs; select to make them stand out",
    }),
    tabs = h("div", { class: "nbt-tabs", role: "tablist" }),
    part = h("div", { role: "tabpanel" });
  let shown = "",
    legendText = "",
    unmount = () => {};
  el.setAttribute("role", "group");
  el.append(legend, tabs, part);

  function draw() {
    if (!store.ids.length) return;
    const names = Object.keys(PARTS).filter((own) => own !== "images" || store.images.length);
    const tab = (store.ui.tab ||= "table");
    drawLegend();
    if (tab === shown) return;
    shown = tab;
    const hadFocus = tabs.contains(document.activeElement);
    fill(
      tabs,
      ...names.map((own) =>
        h(
          "button",
          {
            role: "tab",
            "aria-selected": String(own === tab),
            tabindex: own === tab ? "0" : "-1",
            onclick: () => to(own),
            onkeydown: (e: KeyboardEvent) => {
              const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
              if (by)
                to(names[(names.indexOf(own) + by + names.length) % names.length]),
                  e.preventDefault(),
                  e.stopPropagation();
            },
          },
          PARTS[own][0],
        ),
      ),
    );
    if (hadFocus) (tabs.querySelector("[aria-selected=true]") as HTMLElement | null)?.focus();
    unmount();
    fill(part);
    unmount = PARTS[tab][1](store, part);
  }

  function to(tab: string) {
    store.ui.tab = tab;
    draw();
  }

  function drawLegend() {
    const signature = JSON.stringify([store.labels, [...store.selected], store.isGone]);
    if (signature === legendText) return;
    const at = [...legend.children].indexOf(document.activeElement as Element);
    legendText = signature;
    fill(
      legend,
      ...store.labels.slice(0, 200).map((label: string, i: number) =>
        h(
          "button",
          {
            "aria-pressed": String(store.selected.has(i)),
            style: { opacity: store.stands(i) ? "" : "0.5" },
            onclick: () => store.toggle(i),
          },
          h("span", { class: "nbt-key", style: { borderColor: colorOf(i) } }),
          h("span", { class: "nbt-dim" }, `${i + 1} `),
          name(label, 28),
        ),
      ),
      store.selected.size > 0 &&
        h("button", { onclick: () => store.select([]) }, `Clear selection (${store.selected.size})`),
      store.isGone && h("span", { class: "nbt-dim" }, "without kernel"),
    );
    (legend.children[at] as HTMLElement | undefined)?.focus();
  }

  store.listeners.add(draw);
  draw();
  return () => {
    store.listeners.delete(draw);
    unmount();
    fill(el);
  };
}

/** Params that differ, metrics with their differences to a run, and what is the same. */
function differences(store: any, el: HTMLElement) {
  const { ui } = store;
  const draw = () => {
    const runs = store.ids.map((_: string, i: number) => i),
      shown = ui.all ? runs : runs.slice(0, 30);
    const of = (group: string) => store.columns.filter((c: Column) => c.group === group);
    const column = (id: string) => store.columns.find((c: Column) => c.id === id);
    const value = (c: Column, i: number) => text(c, i, store.now);
    const isSame = (c: Column) => !differs(c, runs);
    const line = (head: any, cell: (i: number) => any, kind = "") =>
      h(
        "tr",
        { class: kind },
        h("th", { scope: "row" }, head),
        ...shown.map((i: number) => h("td", { class: store.selected.has(i) ? "nbt-on" : null }, cell(i))),
      );
    const params = of("param"),
      metrics = of("metric"),
      different = params.filter((c: Column) => !isSame(c)),
      same = params.filter(isSame);
    const status = column("status");
    fill(
      el,
      h(
        "div",
        { class: "nbt-tools" },
        h(
          "label",
          null,
          "difference to",
          choice(
            store.labels.map((label: string, i: number) => [String(i), `${i + 1} ${clip(label, 30)}`]),
            String(ui.reference),
            (own) => {
              ui.reference = Number(own);
              draw();
            },
            "reference run",
          ),
        ),
        runs.length > shown.length &&
          h(
            "button",
            {
              onclick: () => {
                ui.all = true;
                draw();
              },
            },
            `Show all ${runs.length} runs`,
          ),
      ),
      h(
        "div",
        { class: "nbt-wide", tabindex: "0", role: "region", "aria-label": "differences" },
        h(
          "table",
          { class: "nbt-diffs" },
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              h("td"),
              ...shown.map((i: number) =>
                h(
                  "th",
                  { scope: "col", "aria-selected": String(store.selected.has(i)) },
                  h(
                    "button",
                    { onclick: () => store.toggle(i), "aria-pressed": String(store.selected.has(i)) },
                    h("span", { class: "nbt-key", style: { borderColor: colorOf(i) } }),
                    name(store.labels[i], 24),
                  ),
                ),
              ),
            ),
          ),
          h(
            "tbody",
            null,
            line("status", (i) => statusBadge(...split(status.levels[status.codes[i]]))),
            line("started", (i) => moment(column("started").v[i])),
            line("duration", (i) => duration(column("duration").v[i])),
          ),
          h(
            "tbody",
            null,
            ...different.map((c: Column) =>
              line([h("span", { class: "nbt-dim", title: "differs" }, "≠ "), name(c.name, 36)], (i) =>
                name(value(c, i) || "–", 40),
              ),
            ),
          ),
          h("tbody", null, ...metrics.flatMap((c: Column) => metricLines(c, line))),
        ),
      ),
      same.length > 0 &&
        h(
          "p",
          { class: "nbt-dim" },
          "same in all: ",
          ...same
            .slice(0, 60)
            .flatMap((c: Column) => [name(`${c.name} = ${value(c, 0) || "–"}`, 60), " · "])
            .slice(0, -1),
          same.length > 60 && ` and ${same.length - 60} more`,
        ),
    );
  };

  function metricLines(c: Column, line: (head: any, cell: (i: number) => any, kind?: string) => HTMLElement) {
    const v = c.v as Float64Array,
      stats = store.stats[c.name],
      finite = Array.from(v).filter(Number.isFinite);
    const best =
      c.better && new Set(finite).size > 1 ? (c.better < 0 ? Math.min(...finite) : Math.max(...finite)) : null;
    const base = v[ui.reference];
    const last = (i: number) => {
      const by = v[i] - base,
        isBetter = c.better ? by * c.better > 0 : null;
      const change =
        i !== ui.reference &&
        Number.isFinite(by) &&
        by !== 0 &&
        h(
          "span",
          { class: isBetter == null ? "nbt-dim" : isBetter ? "nbt-good" : "nbt-bad" },
          ` ${by > 0 ? "+" : "−"}${number(Math.abs(by), 3)}`,
          isBetter != null && h("span", { "aria-hidden": "true" }, isBetter ? " ▴" : " ▾"),
        );
      return [v[i] === best ? h("b", null, number(v[i]), " ★") : text(c, i, 0) || "–", change];
    };
    const range = (stat: string) => (i: number) => (Number.isNaN(stats[stat][i]) ? "–" : number(stats[stat][i], 4));
    const arrow = c.better ? (c.better < 0 ? " ↓" : " ↑") : "";
    const rows = [line([name(c.name, 36), h("span", { class: "nbt-dim" }, arrow)], last, "nbt-metric")];
    if (stats && Array.from(stats.count).some((n) => Number(n) > 1))
      rows.push(
        line(h("span", { class: "nbt-dim" }, "min"), range("min"), "nbt-sub"),
        line(h("span", { class: "nbt-dim" }, "max"), range("max"), "nbt-sub"),
      );
    return rows;
  }

  store.listeners.add(draw);
  draw();
  return () => store.listeners.delete(draw);
}

/** * A choice among few. */
