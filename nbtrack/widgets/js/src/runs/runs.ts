// @ts-nocheck: to be taken apart, with types of its own.
// The table of runs: sorted, filtered, grouped, selected and edited in the page.
import * as comparison from "../comparison/comparison";
import { type Column, differs, replace, setText, statistics, written as text } from "../data/columns";
import { csv, markdown } from "../data/copied";
import { count, duration, moment, number } from "../data/format";
import { splitStatus as split } from "../data/status";
import { Events } from "../page/events";
import type { Source } from "../page/source";
import { addStyle, fill, h } from "../ui/dom";
import { Grid } from "../ui/grid";
import gridCss from "../ui/grid.css";
import { menu } from "../ui/menu";
import menuCss from "../ui/menu.css";
import { clip } from "../ui/name";
import { statusBadge } from "../ui/status";
import { arranged } from "./arrangement";
import { directionOf, firstLayout, widthOf } from "./layout";
import css from "./runs.css";
import { pathOf, Sparks } from "./sparks";

type AnyProtocol = any;

export function open(source: Source<AnyProtocol>) {
  addStyle(css);
  addStyle(gridCss);
  addStyle(menuCss);
  const store = {
    source,
    ids: [],
    columns: [],
    byId: new Map(),
    deleted: new Set(),
    now: 0,
    layout: firstLayout(),
    filtered: null,
    sparks: new Sparks(),
    selected: new Set(),
    version: 0,
    isGone: false,
    ui: { filter: "", error: "", folded: new Set(), said: "" },
    listeners: new Set(),
    close() {
      store.columns = [];
      store.byId.clear();
      store.sparks.clear();
      store.listeners.clear();
      store.child?.close();
    },
    changed() {
      store.version++;
      store.listeners.forEach((each: () => void) => each());
    },
  } as any;
  const index = () => {
    store.byId = new Map(store.columns.map((c: Column) => [c.id, c]));
  };
  source.on("snapshot", (value) => {
    Object.assign(store, {
      ids: value.ids,
      columns: value.columns,
      now: value.now,
      deleted: new Set(value.deleted),
      layout: { ...firstLayout(), ...(value.layout ?? {}) },
    });
    store.selected = new Set(value.selected.map((id: string) => value.ids.indexOf(id)));
    index();
    for (const { rows, keys, ...curves } of value.sparks ?? []) store.sparks.add(rows, keys, curves);
    // A column that is the same everywhere and says nothing of a run is there on demand.
    const all = store.ids.map((_: string, i: number) => i);
    if (!value.layout)
      store.layout.hidden.push(
        ...store.columns
          .filter((c: Column) => ["experiment", "note"].includes(c.id) && !differs(c, all))
          .map((c: Column) => c.id),
      );
    store.changed();
  });
  source.on("rows", (value) => {
    store.now = value.now;
    for (const news of value.columns) {
      const own = store.byId.get(news.id);
      if (own) {
        if (!own.stat || own.stat === "last") replace(own, value.rows, news);
        continue;
      }
      const empty = news.v
        ? { ...news, v: new Float64Array(store.ids.length).fill(NaN) }
        : { ...news, codes: new Int32Array(store.ids.length).fill(-1), levels: [] };
      replace(empty, value.rows, news);
      store.columns.push(empty);
    }
    index();
    store.sparks.drop(Array.from(value.rows));
    store.changed();
  });
  source.onGone(() => {
    store.isGone = true;
    store.changed();
  });
  return store;
}

export function mount(store: any, el: HTMLElement) {
  const { source, ui } = store,
    bar = h("div", { class: "nbt-tools" }),
    error = h("pre", { class: "nbt-error", role: "alert", hidden: true }),
    below = h("div");
  const said = h("span", { role: "status", class: "nbt-dim" });
  el.setAttribute("role", "group");
  el.append(bar, error);
  let columns: Column[] = [];
  let items: any[] = [];
  let bests: Map<string, number | null> = new Map();
  let rows: Int32Array | number[] = [];
  let anchor = -1,
    sparking = 0,
    drawn = -1,
    barText = "",
    closeChild = () => {};
  const layout = () => store.layout,
    canAsk = () => !source.isOffline && !store.isGone;

  const view = new Grid(el, {
    label: "runs: arrows move, space selects, Enter sorts or edits, M opens a column's menu",
    heads: () =>
      columns.map((c) => ({
        id: c.id,
        width: widthOf(layout(), c),
        pinned: layout().pinned.includes(c.id),
        label: c.name,
        sort: { "1": "ascending", "-1": "descending" }[String(direction(c))] ?? "none",
      })),
    count: () => items.length,
    head,
    row: drawRow,
    cell,
    press,
    open: edit,
    key,
    resize,
    move,
    seen: wantSparks,
  });
  el.append(below);

  // What is shown

  const direction = (c: Column) => directionOf(layout(), c);

  function arrange() {
    const own = { columns: store.columns, rows: store.filtered ?? [...store.ids.keys()], now: store.now };
    ({ rows, columns, bests, items } = arranged({ ...own, folded: ui.folded }, layout()));
  }

  function draw() {
    drawn = store.version;
    arrange();
    drawBar();
    view.el.hidden = !store.ids.length;
    view.update();
  }

  function head(i: number, el_: HTMLElement) {
    const c = columns[i],
      to = direction(c),
      place =
        layout().sort.length > 1 && to
          ? String(layout().sort.findIndex(([id]: [string, number]) => id === c.id) + 1)
          : "";
    const group = { param: "param", metric: "metric", tag: "tag" }[c.group] ?? "";
    el_.append(
      h(
        "span",
        { class: "nbt-label", title: `${c.id}${c.stat ? " " + c.stat : ""}` },
        h("span", { class: "nbt-dim nbt-kind" }, group),
        h("bdi", null, clip(c.name, 60)),
        c.stat && c.stat !== "last" && h("span", { class: "nbt-dim" }, ` ${c.stat}`),
        to ? (to > 0 ? " ▲" : " ▼") + place : "",
      ),
      h(
        "button",
        {
          tabindex: "-1",
          "aria-label": `menu of ${clip(c.name, 40)}`,
          onclick: (e: Event) => {
            e.stopPropagation();
            columnMenu(c, el_);
          },
        },
        "⋮",
      ),
    );
    if (c.v && c.kind === "number") el_.classList.add("nbt-right");
  }

  function drawRow(i: number, el_: HTMLElement) {
    const item = items[i];
    if (item.rows) return void el_.classList.add("nbt-group");
    el_.setAttribute("aria-selected", String(store.selected.has(item)));
    if (store.deleted.has(item)) el_.classList.add("nbt-deleted");
  }

  function cell(i: number, at: number, el_: HTMLElement) {
    const item = items[i],
      c = columns[at];
    if (item.rows) return groupCell(item, c, at, el_);
    if (at === 0)
      el_.append(h("span", { class: "nbt-box", "aria-hidden": "true" }, store.selected.has(item) ? "☑" : "☐"));
    const own = text(c, item, store.now);
    if (c.kind === "status")
      return void el_.append(statusBadge(...split(c.levels?.[(c.codes as Int32Array)[item]] ?? "")));
    if (c.group === "metric") el_.append(spark(item, c));
    const isBest = c.v && bests.get(c.id) === c.v[item];
    if (c.v && c.kind === "number") el_.classList.add("nbt-right");
    el_.append(
      own
        ? h(
            "bdi",
            isBest ? { class: "nbt-best" } : null,
            clip(own, 120),
            isBest && h("span", { title: `best of ${count(rows.length)} runs`, "aria-label": "best" }, " ★"),
          )
        : h("span", { class: "nbt-dim" }, "–"),
    );
    if (own.length > 24) el_.title = clip(own, 400);
    if (c.kind === "time" && c.v) el_.title = moment(c.v[item]);
    if (at === 0 && store.deleted.has(item)) el_.append(h("span", { class: "nbt-dim" }, " deleted"));
  }

  function groupCell(item: any, c: Column, at: number, el_: HTMLElement) {
    if (at === 0)
      el_.append(
        h("span", { "aria-hidden": "true" }, ui.folded.has(item.g) ? "▸ " : "▾ "),
        h("b", null, h("bdi", null, clip(`${store.byId.get(layout().group).name}: ${item.label}`, 60))),
        h("span", { class: "nbt-dim" }, ` ${item.rows.length}`),
      );
    else if (c.v && c.kind !== "time") {
      const { n, mean, spread } = statistics(c.v, item.rows);
      el_.classList.add("nbt-right");
      const written = (value: number, digits: number) =>
        c.kind === "duration" ? duration(value) : number(value, digits);
      if (n)
        el_.append(
          written(mean, 4),
          h("span", { class: "nbt-dim" }, ` ± ${written(spread, 2)}${n < item.rows.length ? ` of ${n}` : ""}`),
        ),
          (el_.title = `mean ${written(mean, 6)}, standard deviation ${written(spread, 3)}, of ${n}`);
    }
  }

  function spark(row: number, c: Column) {
    const d = pathOf(store.sparks.of(row, c.name) ?? { x: [], y: [] }),
      box = h("span", { class: "nbt-spark", "aria-hidden": "true" });
    if (d) box.innerHTML = `<svg width="40" height="16" fill="none" stroke="currentColor"><path d="${d}"/></svg>`;
    return box;
  }

  function wantSparks() {
    clearTimeout(sparking);
    if (canAsk()) sparking = window.setTimeout(askSparks, 120);
  }

  async function askSparks() {
    const { top, bottom, from, to } = view.sight,
      keys = columns
        .filter((c, i) => c.group === "metric" && (layout().pinned.includes(c.id) || (i >= from && i < to)))
        .map((c) => c.name);
    const wanted = items
      .slice(top, bottom)
      .filter((item) => !item.rows && keys.some((key) => !store.sparks.of(item, key)));
    if (!wanted.length || !keys.length) return;
    const curves = await source.ask("sparks", { rows: wanted, keys }).catch(() => null);
    if (!curves) return;
    store.sparks.add(wanted, keys, curves);
    view.update();
  }

  // What a person does

  function keep() {
    store.changed();
    clearTimeout(store.keeping);
    if (canAsk()) store.keeping = setTimeout(() => source.ask("layout", { layout: layout() }).catch(() => {}), 600);
  }

  function press(row: number, at: number, e: MouseEvent | KeyboardEvent) {
    const item = items[row];
    if (row < 0)
      return sort(columns[at], direction(columns[at]) > 0 ? -1 : direction(columns[at]) < 0 ? 0 : 1, e.shiftKey);
    if (item.rows) ui.folded.has(item.g) ? ui.folded.delete(item.g) : ui.folded.add(item.g);
    else {
      const isOn = !store.selected.has(item),
        range = e.shiftKey && anchor >= 0 ? items.slice(Math.min(anchor, row), Math.max(anchor, row) + 1) : [item];
      for (const each of range) if (!each.rows) isOn ? store.selected.add(each) : store.selected.delete(each);
      anchor = row;
      select();
    }
    store.changed();
  }

  function select() {
    const ids = [...store.selected].sort((a, b) => a - b).map((row) => store.ids[row]);
    if (canAsk()) source.ask("select", { ids }).catch(() => {});
    store.changed();
  }

  function sort(c: Column, to: number, isMore: boolean) {
    const rest = isMore ? layout().sort.filter(([id]: [string, number]) => id !== c.id) : [];
    layout().sort = to ? [...rest, [c.id, to]] : rest;
    keep();
  }

  function key(e: KeyboardEvent, row: number, at: number) {
    if ((e.ctrlKey || e.metaKey) && e.key === "a")
      return (rows.forEach((own) => store.selected.add(own)), select(), true);
    if (e.ctrlKey || e.metaKey) return false;
    if (e.key === "Escape") return (store.selected.clear(), select(), true);
    if (e.key === "m" || e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey))
      return (columnMenu(columns[at], view.cellAt(-1, at) ?? (view.el as HTMLElement)), true);
    if (e.key === "Delete" && canAsk() && store.selected.size) return (change("delete"), true);
    return false;
  }

  function columnMenu(c: Column, at: HTMLElement) {
    const own = layout(),
      isPinned = own.pinned.includes(c.id),
      i = columns.indexOf(c);
    const better = (to: number) => () => {
      own.better[c.id] = to;
      keep();
    };
    menu(el, at, [
      ["Sort ascending", () => sort(c, 1, false)],
      ["Sort descending", () => sort(c, -1, false)],
      own.sort.length > 0 && ["Sort by this too", () => sort(c, 1, true)],
      own.group === c.id
        ? [
            "Do not group",
            () => {
              own.group = "";
              keep();
            },
          ]
        : [
            "Group by this",
            () => {
              own.group = c.id;
              ui.folded = new Set();
              keep();
            },
          ],
      isPinned
        ? [
            "Unpin",
            () => {
              own.pinned = own.pinned.filter((id: string) => id !== c.id);
              keep();
            },
          ]
        : [
            "Pin",
            () => {
              own.pinned.push(c.id);
              keep();
            },
          ],
      i > 0 && ["Move left", () => move(i, i - 1)],
      i < columns.length - 1 && ["Move right", () => move(i, i + 1)],
      ["Wider", () => resize(i, widthOf(layout(), c) * 1.4)],
      ["Narrower", () => resize(i, widthOf(layout(), c) / 1.4)],
      columns.length > 1 && [
        "Hide",
        () => {
          own.hidden.push(c.id);
          keep();
        },
      ],
      ...(c.group === "metric"
        ? ([
            ["Lower is better", better(-1)],
            ["Higher is better", better(1)],
            ["Mark no best", better(0)],
            ...(canAsk()
              ? ["last", "min", "max", "mean"]
                  .filter((stat) => stat !== (c.stat ?? "last"))
                  .map((stat) => [`Show ${stat}`, () => show(c, stat)])
              : []),
          ] as [string, () => void][])
        : []),
    ]);
  }

  async function show(c: Column, stat: string) {
    c.v = (await source.ask("stat", { key: c.name, stat })).v;
    c.stat = stat;
    store.changed();
  }

  function resize(i: number, width: number) {
    layout().widths[columns[i].id] = Math.round(Math.max(48, Math.min(800, width)));
    keep();
  }

  function move(from: number, to: number) {
    if (from === to || !columns[to]) return;
    const ids = columns.map((c) => c.id),
      [id] = ids.splice(from, 1);
    ids.splice(to, 0, id);
    layout().order = [...ids, ...store.columns.map((c: Column) => c.id).filter((own: string) => !ids.includes(own))];
    keep();
  }

  function edit(i: number, at: number) {
    const row = items[i],
      c = columns[at],
      box = view.cellAt(i, at);
    if (row.rows) return press(i, at, new MouseEvent("click"));
    if (!box || !canAsk() || !(c.id === "name" || c.id === "note" || c.group === "tag")) return;
    const before = c.levels?.[(c.codes as Int32Array)[row]] ?? "";
    let isDone = false;
    const done = async (isKept: boolean) => {
      if (isDone) return;
      isDone = true;
      if (isKept && input.value !== before)
        try {
          await source.ask("edit", { row, column: c.id, text: input.value });
          setText(c, row, input.value);
          fail("");
        } catch (problem) {
          fail((problem as Error).message);
        }
      input.remove();
      store.changed();
      view.el.focus({ preventScroll: true });
    };
    const input = h("input", {
      value: before,
      "aria-label": `${c.name} of this run`,
      onblur: () => done(true),
      onkeydown: (e: KeyboardEvent) => {
        e.stopPropagation();
        if (e.key === "Enter") done(true);
        if (e.key === "Escape") done(false);
      },
    });
    input.onclick = input.ondblclick = (e) => e.stopPropagation();
    fill(box, input);
    input.select();
  }

  async function change(what: string) {
    const chosen = [...store.selected].filter((row) => store.deleted.has(row) === (what === "restore"));
    try {
      await source.ask(what, { ids: chosen.map((row) => store.ids[row]) });
      for (const row of chosen) what === "delete" ? store.deleted.add(row) : store.deleted.delete(row);
      fail("");
    } catch (problem) {
      fail((problem as Error).message);
    }
    store.changed();
  }

  function fail(message: string) {
    ui.error = message;
    error.hidden = !message;
    error.textContent = message;
  }

  async function filter() {
    try {
      store.filtered = ui.filter.trim() ? (await source.ask("filter", { text: ui.filter })).rows : null;
      fail("");
    } catch (problem) {
      fail((problem as Error).message);
    }
    store.changed();
  }

  async function copy(form: "csv" | "markdown") {
    const chosen = store.selected.size ? Array.from(rows).filter((row) => store.selected.has(row)) : rows;
    const out = (form === "csv" ? csv : markdown)(columns, chosen);
    try {
      await navigator.clipboard.writeText(out);
    } catch {
      const area = h("textarea", { value: out, style: { position: "fixed", opacity: "0" } });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    ui.said = `${count(chosen.length)} rows copied`;
    store.changed();
  }

  async function compare() {
    const ids = [...store.selected].sort((a, b) => a - b).map((row) => store.ids[row]);
    try {
      const snapshot = await source.ask("compare", { ids });
      const events = new Events();
      closeChild();
      store.child?.close();
      store.child = comparison.open({
        key: source.key,
        kind: "comparison",
        isOffline: false,
        on: events.on,
        onGone: () => () => {},
        close: events.clear,
        ask: (what, args = {}) => source.ask("child", { what, args }),
      });
      events.emit("snapshot", snapshot);
      mountChild();
      fail("");
    } catch (problem) {
      fail((problem as Error).message);
    }
  }

  function mountChild() {
    const box = h("div", { class: "nbt-child" }),
      unmount = comparison.mount(store.child, box);
    closeChild = () => {
      unmount();
      fill(below);
      closeChild = () => {};
    };
    fill(
      below,
      h(
        "div",
        { class: "nbt-tools" },
        h("b", null, "Comparison"),
        h(
          "button",
          {
            onclick: () => {
              store.child?.close();
              store.child = null;
              closeChild();
            },
          },
          "Close",
        ),
      ),
      box,
    );
  }

  function columnsMenu(e: Event) {
    const own = layout(),
      list = h("div", { class: "nbt-list" });
    const find = h("input", {
      type: "search",
      placeholder: "find a column",
      "aria-label": "find a column",
      oninput: () => listed(),
    });
    const listed = () =>
      fill(
        list,
        ...store.columns
          .filter((c: Column) => c.id.toLowerCase().includes(find.value.toLowerCase()))
          .slice(0, 300)
          .map((c: Column) =>
            h(
              "label",
              null,
              h("input", {
                type: "checkbox",
                checked: !own.hidden.includes(c.id),
                onchange: (event: any) => {
                  own.hidden = own.hidden.filter((id: string) => id !== c.id);
                  if (!event.target.checked) own.hidden.push(c.id);
                  keep();
                },
              }),
              h("bdi", null, clip(c.id, 50)),
            ),
          ),
      );
    listed();
    menu(el, e.target as HTMLElement, [
      find,
      [
        "Show all",
        () => {
          own.hidden = [];
          keep();
        },
      ],
      [
        "As at first",
        () => {
          store.layout = firstLayout();
          keep();
        },
      ],
      list,
    ]);
  }

  function drawBar() {
    const { selected } = store,
      n = selected.size,
      shown = rows.length,
      all = store.ids.length;
    const gone = [...selected].filter((row) => store.deleted.has(row)).length;
    const runs = shown < all ? `${count(shown)} of ${count(all)} runs` : `${count(all)} run${all === 1 ? "" : "s"}`;
    fill(said, n ? `${count(n)} selected` : ui.said, store.isGone && " · without kernel");
    const signature = JSON.stringify([runs, n > 1, n > 0, gone, store.isGone, layout().differ, layout().group]);
    if (signature === barText) return;
    barText = signature;
    const kept = bar.querySelector("input[type=search]") as HTMLInputElement | null;
    const box =
      kept ??
      h("input", {
        type: "search",
        class: "nbt-filter",
        value: ui.filter,
        placeholder: "metrics.loss < 0.1 and params.lr > 0.001",
        "aria-label": "filter",
        title: "Enter filters",
        spellcheck: "false",
        oninput: () => {
          ui.filter = box.value;
          if (!box.value) filter();
        },
        onkeydown: (e: KeyboardEvent) => {
          e.stopPropagation();
          if (e.key === "Enter") filter();
        },
      });
    const hadFocus = document.activeElement === box;
    fill(
      bar,
      h("b", null, runs),
      canAsk() && box,
      h(
        "label",
        null,
        h("input", {
          type: "checkbox",
          checked: layout().differ,
          onchange: (e: any) => {
            layout().differ = e.target.checked;
            keep();
          },
        }),
        "only columns that differ",
      ),
      layout().group &&
        h(
          "button",
          {
            onclick: () => {
              layout().group = "";
              keep();
            },
          },
          "Do not group",
        ),
      h("button", { "aria-haspopup": "menu", onclick: columnsMenu }, "Columns"),
      h("button", { onclick: () => copy("csv") }, "Copy CSV"),
      h("button", { onclick: () => copy("markdown") }, "Copy Markdown"),
      canAsk() && n > 1 && h("button", { class: "nbt-first", onclick: compare }, "Compare"),
      canAsk() && n > gone && h("button", { onclick: () => change("delete") }, "Delete"),
      canAsk() && gone > 0 && h("button", { onclick: () => change("restore") }, "Restore"),
      said,
    );
    if (hadFocus) box.focus();
  }

  let frame = 0;
  const ask = () => {
    if (!frame)
      frame = requestAnimationFrame(() => {
        frame = 0;
        if (drawn !== store.version) draw();
      });
  };
  store.listeners.add(ask);
  draw();
  fail(ui.error);
  if (store.child) mountChild();
  return () => {
    store.listeners.delete(ask);
    cancelAnimationFrame(frame);
    clearTimeout(sparking);
    closeChild();
    view.destroy();
    fill(el);
  };
}
