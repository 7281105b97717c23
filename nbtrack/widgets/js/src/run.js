// The living view of a run: its curves while it runs, and for as long as there is a kernel.
import { addStyle, fill, h, name } from "./dom.js";
import { filesView } from "./files.js";
import { count, duration, number } from "./format.js";
import { card } from "./card.js";
import css from "./run.css";
import { statusBadge } from "./status.js";
import { interrupt } from "./interrupt.js";
import { grouped, update } from "./metrics.js";

/** @typedef {import("./types.js").Source} Source */

const MANY = 9;

/** @param {Source} source */
export function open(source) {
  addStyle(css);
  const store = /** @type {any} */ ({
    source, ui: { smooth: 0.6, axis: "step", log: false, zoom: null, hidden: new Set(), open: "", search: "", all: false },
    run: null, metrics: [], under: [], pinned: null, focus: [], pending: { rows: 0, why: "" }, rate: null, skew: 0, isGone: false, version: 0,
    /** @type {Set<() => void>} */ listeners: new Set(),
    close() { store.metrics = []; store.under = []; store.run = null; store.listeners.clear(); },
  });
  const changed = () => { store.version++; store.listeners.forEach((/** @type {() => void} */ each) => each()); };
  const moment = (/** @type {any} */ value) => { store.rate = value.rate; store.pending = value.pending; if (!source.isOffline) store.skew = value.now - Date.now(); else store.now = value.now; };
  source.on("snapshot", (value) => {
    moment(value);
    Object.assign(store, { run: value.run, metrics: value.metrics, under: value.under, pinned: value.pinned, focus: value.focus });
    changed();
  });
  source.on("frame", (value) => {
    moment(value);
    for (const each of value.metrics) update(store.metrics, each);
    if (value.run && store.run) Object.assign(store.run, value.run);
    if (store.run?.status !== "RUNNING" && store.run) store.run.canStop = false;
    changed();
  });
  source.on("under", (value) => { Object.assign(store, value); changed(); });
  source.on("gone", () => { store.isGone = true; if (store.run) store.run.canStop = false; changed(); });
  return store;
}

/** @param {any} store @param {HTMLElement} el */
export function mount(store, el) {
  const { ui, source } = store;
  el.setAttribute("role", "group");
  const head = h("div", { class: "nbt-head" }), extra = h("div"), note = h("div", { class: "nbt-note" }), tools = h("div", { class: "nbt-tools", role: "toolbar", "aria-label": "chart options" });
  const charts = h("div", { class: "nbt-charts" }), below = h("div");
  const spoken = h("span", { role: "status", style: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" } });
  el.append(head, extra, note, tools, charts, below, spoken);
  /** @type {Map<string, ReturnType<typeof card>>} */
  const cards = new Map();
  const shown = new Set();
  let frame = 0, headText = "", toolsText = "", layout = "", lastStatus = "", closeFiles = () => {};
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? shown.add(target) : shown.delete(target);
    ask();
  }, { rootMargin: "200px" });

  function ask() { if (!frame) frame = requestAnimationFrame(draw); }

  function draw() {
    frame = 0;
    if (!store.run) return fill(head, h("span", { class: "nbt-dim" }, source.isOffline ? "" : "Waiting for the kernel …"));
    drawHead();
    drawTools();
    drawCharts();
    const said = statusText();
    if (said !== lastStatus) spoken.textContent = lastStatus = said;
  }

  const statusText = () => `Run ${store.run.name}: ${head.querySelector(".nbt-status")?.textContent ?? ""}`;
  const now = () => (source.isOffline ? store.now : Date.now() + store.skew);

  function drawHead() {
    const { run, metrics, rate, pending } = store, isRunning = run.status === "RUNNING";
    const end = run.end ?? (store.isGone ? (store.goneAt ??= now()) : now());
    const telling = metrics.find((/** @type {any} */ m) => store.focus.includes(m.key)) ?? metrics.find((/** @type {any} */ m) => m.better) ?? metrics[0];
    const points = metrics.reduce((/** @type {number} */ sum, /** @type {any} */ m) => sum + m.count, 0);
    const drawn = metrics.reduce((/** @type {number} */ sum, /** @type {any} */ m) => sum + m.x.length, 0);
    const facts = [
      duration((end - run.started) / 1000),
      isRunning && rate != null && `${number(rate, 3)} steps/s`,
      telling && told(telling),
      points > 0 && (drawn < points ? `${count(points)} points, ${count(drawn)} drawn` : `${count(points)} ${points === 1 ? "point" : "points"}`),
      pending.rows > 0 && `${count(pending.rows)} rows wait`,
    ].filter(Boolean);
    const signature = JSON.stringify([run, facts, pending.why, ui.open, ui.stopping, store.pinned, store.isGone]);
    if (signature === headText) return;
    headText = signature;
    const focused = /** @type {HTMLElement | null} */ (head.contains(document.activeElement) ? document.activeElement : null)?.dataset.what;
    const badge = statusBadge(run.status, run.ended, run.line);
    if (isRunning && !store.isGone) badge.firstElementChild?.classList.add("nbt-pulse");
    fill(head, badge, h("span", { class: "nbt-name" }, name(run.name, 60)), h("span", { class: "nbt-dim nbt-grow" }, facts.join(" · "),
      store.isGone && (isRunning ? " · the kernel is gone; how the run ended is in the store" : " · without kernel")), h("span", { class: "nbt-buttons" }, ...buttons()));
    if (focused) /** @type {HTMLElement | null} */ (head.querySelector(`[data-what="${focused}"]`))?.focus();
    fill(extra, pending.why && h("div", { class: "nbt-error", style: { borderColor: "var(--nbt-warn)" } }, `The store is away: ${pending.why}. What is logged waits in the journal and arrives later.`),
      run.error && h("div", { class: "nbt-error" }, name(run.error, 300)));
    if (ui.open !== "note") fill(note, run.note && h("bdi", null, run.note.slice(0, 4000)));
    else if (!note.querySelector("textarea")) fill(note, ...noteEditor());
  }

  /** @param {any} m */
  function told(m) {
    const best = m.better < 0 ? [m.min, m.minStep] : m.better > 0 ? [m.max, m.maxStep] : null;
    const label = m.key.length > 30 ? m.key.slice(0, 29) + "…" : m.key;
    return `${label} ${number(m.last, 4)}${best && Number.isFinite(best[0]) && best[0] !== m.last ? ` (best ${number(best[0], 4)} at ${number(best[1])})` : ""}`;
  }

  function buttons() {
    const { run } = store, isOff = source.isOffline || store.isGone;
    const tab = (/** @type {string} */ what, /** @type {string} */ label) =>
      h("button", { "data-what": what, "aria-pressed": String(ui.open === what), onclick: () => { ui.open = ui.open === what ? "" : what; headText = ""; drawBelow(); ask(); } }, label);
    const stop = run.status === "RUNNING" && !isOff && h("button", {
      "data-what": "stop", disabled: !run.canStop || ui.stopping, onclick: stopRun,
      title: run.canStop ? (run.hears === "always" ? "End the run; what was logged is kept" : `Heard ${run.hears}`) : "This run is not running in this kernel; stop it where it runs",
    }, ui.stopping ? "Stopping …" : "■ Stop");
    return [stop, !isOff && tab("note", "Note"), run.params.length > 0 && tab("params", "Params"), (run.files > 0 || !isOff) && tab("files", "Files"),
      !isOff && h("button", { "data-what": "pin", "aria-pressed": String(store.pinned === run.id), title: "Draw this run under the coming ones of its experiment", onclick: pin }, store.pinned === run.id ? "Pinned" : "Pin")];
  }

  async function stopRun() {
    ui.stopping = true;
    headText = "";
    ask();
    const fallback = setTimeout(() => interrupt(store.run?.kernel), 4000);
    try { await source.ask("stop"); } catch (error) { fill(extra, h("div", { class: "nbt-error" }, String(error))); ui.stopping = false; }
    clearTimeout(fallback);
  }

  async function pin() {
    store.pinned = (await source.ask("pin", { pinned: store.pinned !== store.run.id })).pinned;
    ask();
  }

  function noteEditor() {
    const text = h("textarea", { "aria-label": "note of the run", value: store.run.note, onkeydown: (/** @type {KeyboardEvent} */ e) => { e.stopPropagation(); if (e.key === "Escape") cancel(); if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) save(); } });
    const cancel = () => { ui.open = ""; headText = ""; ask(); };
    const save = async () => { await source.ask("note", { text: text.value }); store.run.note = text.value; cancel(); };
    setTimeout(() => text.focus());
    return [text, h("button", { onclick: save }, "Save note"), " ", h("button", { onclick: cancel }, "Cancel")];
  }

  function drawBelow() {
    closeFiles();
    closeFiles = () => {};
    fill(below);
    if (ui.open === "params") below.append(h("dl", { class: "nbt-params" }, ...store.run.params.map((/** @type {[string, string]} */ [key, value]) => h("div", null, h("dt", null, name(key, 40)), h("dd", null, name(value, 60))))));
    if (ui.open === "files") closeFiles = filesView(source.ask, below, (ui.files ??= {}));
  }

  function drawTools() {
    const { metrics } = store, many = grouped(metrics, [], "").length >= MANY;
    const signature = JSON.stringify([metrics.map((/** @type {any} */ m) => m.key), many, ui.zoom !== null, store.isGone, ui.error]);
    tools.hidden = !metrics.some((/** @type {any} */ m) => m.count > 1);
    if (signature === toolsText) return;
    toolsText = signature;
    const other = source.isOffline || store.isGone ? [] : metrics.slice(0, 200).map((/** @type {any} */ m) => h("option", { value: "=" + m.key }, m.key.slice(0, 60)));
    const axis = h("select", { "aria-label": "horizontal axis", onchange: () => { ui.axis = axis.value; ui.zoom = null; forget(); ask(); } }, h("option", { value: "step" }, "step"), h("option", { value: "time" }, "time"), ...other);
    axis.value = ui.axis;
    fill(tools,
      h("label", null, "smooth", h("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: String(ui.smooth), "aria-label": "smoothing", oninput: (/** @type {any} */ e) => { ui.smooth = Number(e.target.value); ask(); } })),
      h("label", null, "x", axis),
      h("label", null, h("input", { type: "checkbox", checked: ui.log, onchange: (/** @type {any} */ e) => { ui.log = e.target.checked; ask(); } }), "log"),
      many && h("input", { type: "search", placeholder: "find a metric", "aria-label": "find a metric", value: ui.search, onkeydown: (/** @type {Event} */ e) => e.stopPropagation(), oninput: (/** @type {any} */ e) => { ui.search = e.target.value; layout = ""; ask(); } }),
      ui.zoom && h("button", { onclick: () => zoom(null) }, "Reset zoom"),
      ui.error && h("span", { class: "nbt-bad" }, ui.error));
  }

  function forget() { store.detail = null; store.against = null; ui.error = ""; }

  function drawCharts() {
    const found = grouped(store.metrics, store.focus, ui.search);
    const plan = found.map(({ metrics }) => metrics.map((m) => m.key).join("\n"));
    if (plan.join("\n\n") !== layout || !charts.firstChild) arrange(found, plan);
    for (const [key, each] of cards) if (shown.has(each.el)) each.draw(found[plan.indexOf(key)]);
  }

  /** @param {{title: string, metrics: any[]}[]} found @param {string[]} plan */
  function arrange(found, plan) {
    layout = plan.join("\n\n");
    for (const [key, each] of cards) if (!plan.includes(key)) seen.unobserve(each.el), shown.delete(each.el), each.destroy(), cards.delete(key);
    fill(charts);
    charts.className = `nbt-charts${found.length === 1 ? " nbt-one" : found.length === 2 ? " nbt-two" : ""}`;
    if (!found.length) charts.append(h("div", { class: "nbt-empty" }, store.metrics.length ? "No metric of this name" : store.run.status === "RUNNING" ? "Nothing logged yet: nbtrack.log(loss=…) draws a curve" : "No metrics were logged"));
    found.forEach((group, i) => {
      const own = cards.get(plan[i]) ?? card(store, group, { zoom, cursor, ask, height: found.length === 1 ? 240 : found.length === 2 ? 190 : 140 });
      cards.set(plan[i], own);
      charts.append(own.el);
      seen.observe(own.el);
      if (i < 6) shown.add(own.el);
    });
  }

  /** @param {number | null} at */
  function cursor(at) { for (const each of cards.values()) if (shown.has(each.el)) each.cursor(at); }

  let zooming = 0;
  /** @param {[number, number] | null} range */
  function zoom(range) {
    ui.zoom = range;
    store.detail = null;
    ask();
    clearTimeout(zooming);
    if (range && !ui.axis.startsWith("=") && !source.isOffline && !store.isGone) zooming = window.setTimeout(refine, 120);
  }

  /** Ask the store for what is in the range, at the resolution that is drawn. */
  async function refine() {
    const range = ui.zoom, keys = [...cards.values()].filter((each) => shown.has(each.el)).flatMap((each) => each.keys());
    if (!range || !keys.length) return;
    try {
      const answer = await source.ask("range", { keys, by: ui.axis, lo: range[0], hi: range[1], points: 1200 });
      if (ui.zoom !== range) return;
      store.detail = { range, counts: Object.fromEntries(store.metrics.map((/** @type {any} */ m) => [m.key, m.count])), series: Object.fromEntries(answer.series.map((/** @type {any} */ s) => [s.key, s])) };
      ask();
    } catch { /* what is drawn already stays */ }
  }

  store.listeners.add(ask);
  const clock = setInterval(() => {
    if (store.run?.status === "RUNNING" && !document.hidden) ask();
    const { detail } = store;
    // While the run goes on into the range that is looked at, it is asked for again.
    if (detail && ui.zoom && store.metrics.some((/** @type {any} */ m) => detail.series[m.key] && m.count !== detail.counts[m.key] && m.x[m.x.length - 1] <= ui.zoom[1])) refine();
  }, 1000);
  const themed = new MutationObserver(() => cards.forEach((each) => each.redraw()));
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light", "class"] });
  drawSoon();
  function drawSoon() { draw(); if (store.run && ui.open && ui.open !== "note") drawBelow(); }

  return () => {
    store.listeners.delete(ask);
    clearInterval(clock);
    clearTimeout(zooming);
    cancelAnimationFrame(frame);
    seen.disconnect();
    themed.disconnect();
    closeFiles();
    for (const each of cards.values()) each.destroy();
    cards.clear();
    fill(el);
  };
}
