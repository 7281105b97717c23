// One chart of a run with its legend: metrics that belong together, the runs underneath, and what is said of them.
import { nearest, smooth } from "./curve.js";
import { fill, h, name } from "./dom.js";
import { count, number } from "./format.js";
import { oddValues } from "./metrics.js";
import { colorOf } from "./palette.js";
import { chart } from "./plot.js";

/**
 * @param {any} store @param {{title: string, metrics: any[]}} first
 * @param {{zoom: (range: [number, number] | null) => void, cursor: (at: number | null) => void, ask: () => void, height: number}} parent
 */
export function card(store, first, { zoom, cursor, ask, height }) {
  const { ui } = store;
  const legend = h("div", { class: "nbt-legend" }), said = h("div", { class: "nbt-said" }), el = h("div", { class: "nbt-card" }, legend);
  /** @type {ReturnType<typeof chart> | null} */
  let plot = null;
  let plotDetail = /** @type {any} */ (null);
  let group = first, signature = "", at = /** @type {number | null} */ (null), drawnAs = "";
  const label = `chart of ${first.metrics.map((m) => m.key).join(", ").slice(0, 200)}: arrows move the crosshair, + and - zoom, 0 resets`;

  /** @param {any} m @returns {{x: Float64Array, y: Float64Array, total?: number} | null} */
  function curve(m) {
    if (ui.axis.startsWith("=")) return store.against?.[ui.axis]?.[m.key] ?? wanted(m);
    const detail = ui.zoom && store.detail?.series[m.key];
    const from = detail || m;
    return { x: ui.axis === "time" ? from.t : from.x, y: from.y, total: detail ? detail.total : undefined };
  }

  /** Ask for a metric over another one, once. @param {any} m */
  function wanted(m) {
    const all = (store.against ??= {}), own = (all[ui.axis] ??= {});
    if (!(m.key in own)) {
      own[m.key] = null;
      const axis = ui.axis;
      store.source.ask("against", { x: axis.slice(1), keys: [m.key], points: 1500 }).then(
        (/** @type {any} */ answer) => { if (store.against?.[axis]) store.against[axis][m.key] = answer.series[0], ask(); },
        (/** @type {Error} */ error) => { ui.error = error.message; ask(); });
    }
    return null;
  }

  /** The metrics that are drawn: all but those hidden. */
  const visibleOnes = () => group.metrics.filter((m) => !ui.hidden.has(m.key));

  /** @param {string} key */
  const colorFor = (key) => colorOf(Math.max(0, first.metrics.findIndex((m) => m.key === key)));

  function lines() {
    const found = [];
    for (const run of ui.axis.startsWith("=") ? [] : store.under)
      for (const m of run.metrics) {
        if (ui.hidden.has("\0" + run.role) || !visibleOnes().some((own) => own.key === m.key)) continue;
        found.push({ x: ui.axis === "time" ? m.t : m.x, y: smooth(m.y, ui.smooth), color: colorFor(m.key), width: 1.25, dash: run.role === "pinned" ? [6, 3] : [2, 3], alpha: 0.6, faint: true });
      }
    for (const m of visibleOnes()) {
      const own = curve(m);
      if (!own) continue;
      if (ui.smooth > 0 && own.y.length > 3) found.push({ ...own, color: colorFor(m.key), width: 1, alpha: 0.28 });
      found.push({ ...own, y: own.y.length > 3 ? smooth(own.y, ui.smooth, (own.total ?? m.count) > own.y.length) : own.y, color: colorFor(m.key), width: 1.75 });
    }
    return found;
  }

  /** @param {{x: Float64Array, faint?: boolean}[]} drawn @returns {[number, number]} */
  function range(drawn) {
    if (ui.zoom) return ui.zoom;
    const own = drawn.filter((line) => line.x.length && !line.faint);
    const of = own.length ? own : drawn.filter((line) => line.x.length);
    if (!of.length) return [0, 1];
    return [Math.min(...of.map(({ x }) => x[0])), Math.max(...of.map(({ x }) => x[x.length - 1]))];
  }

  function drawLegend() {
    const under = store.under.filter((/** @type {any} */ run) => run.metrics.some((/** @type {any} */ m) => group.metrics.some((own) => own.key === m.key)));
    const items = [...group.metrics.map((m) => ({ id: m.key, label: m.key, value: valueOf(m), color: colorFor(m.key), dash: false })),
      ...under.map((/** @type {any} */ run) => ({ id: "\0" + run.role, label: `${run.role}: ${run.name}`, value: "", color: "var(--nbt-dim)", dash: true }))];
    const next = JSON.stringify([items, [...ui.hidden]]);
    if (next === signature) return;
    signature = next;
    const focused = legend.contains(document.activeElement) ? [...legend.children].indexOf(/** @type {any} */ (document.activeElement)) : -1;
    fill(legend, ...items.map(({ id, label: text, value, color, dash }) => h("button", {
      "aria-pressed": String(!ui.hidden.has(id)), title: "click: hide or show; double-click or Alt: this one only",
      onclick: (/** @type {MouseEvent} */ e) => (e.altKey || e.detail === 2 ? isolate(id) : toggle(id)),
    }, h("span", { class: `nbt-key${dash ? " nbt-dashed" : ""}`, style: { borderColor: color } }), h("b", null, name(text, 34)), " ", value)));
    if (focused >= 0) /** @type {any} */ (legend.children[focused])?.focus();
  }

  /** @param {any} m the value at the crosshair, else the latest */
  function valueOf(m) {
    if (at == null) return m.count ? number(m.last, 4) : "";
    const own = curve(m), i = own ? nearest(own.x, at) : -1;
    return own && i >= 0 ? number(own.y[i], 4) : "";
  }

  /** @param {string} id */
  function toggle(id) {
    ui.hidden.has(id) ? ui.hidden.delete(id) : ui.hidden.add(id);
    ask();
  }

  /** @param {string} id */
  function isolate(id) {
    const others = group.metrics.map((m) => m.key).filter((key) => key !== id);
    const isAlone = others.length > 0 && others.every((key) => ui.hidden.has(key));
    others.forEach((key) => (isAlone ? ui.hidden.delete(key) : ui.hidden.add(key)));
    ui.hidden.delete(id);
    ask();
  }

  function drawSaid() {
    const parts = [];
    for (const m of group.metrics) if (m.odd) parts.push(`${group.metrics.length > 1 ? m.key.slice(0, 24) + " " : ""}${oddValues(m)}`);
    const total = ui.zoom && store.detail ? group.metrics.reduce((sum, m) => sum + (store.detail.series[m.key]?.total ?? 0), 0) : 0;
    const drawn = total ? group.metrics.reduce((sum, m) => sum + (store.detail.series[m.key]?.x.length ?? 0), 0) : 0;
    if (total) parts.push(drawn < total ? `${count(drawn)} of ${count(total)} points` : `${count(total)} points`);
    if (at != null) parts.unshift(ui.axis === "time" ? `${number(at, 4)} s` : `${ui.axis === "step" ? "step" : ui.axis.slice(1, 20)} ${number(ui.axis === "step" ? Math.round(at) : at)}`);
    const log = ui.log && group.metrics.some((m) => m.min <= 0);
    if (log) parts.push("values ≤ 0 are not on a logarithmic axis");
    const text = parts.join(" · ");
    if (said.textContent !== text) said.textContent = text;
    said.hidden = !text;
  }

  return {
    el,
    keys: () => group.metrics.map((m) => m.key),
    /** @param {{title: string, metrics: any[]}} next */
    draw(next) {
      group = next ?? group;
      if (!plot) {
        plot = chart(el, { label, height, onZoom: zoom, onCursor: cursor });
        el.append(said);
      }
      const state = JSON.stringify([group.metrics.map((m) => [m.count, m.x.length]), ui.smooth, ui.axis, ui.log, ui.zoom, [...ui.hidden], store.under.length, ui.error]);
      if (state !== drawnAs || store.detail !== plotDetail || store.against) {
        drawnAs = state;
        plotDetail = store.detail;
        const drawn = lines();
        plot.update({ lines: drawn, range: range(drawn), log: ui.log, axis: ui.axis === "time" ? "time" : ui.axis === "step" ? "step" : "value" });
      }
      drawLegend();
      drawSaid();
    },
    /** @param {number | null} next */
    cursor(next) {
      at = next;
      plot?.cursor(next);
      drawLegend();
      drawSaid();
    },
    redraw: () => plot?.redraw(),
    destroy() {
      plot?.destroy();
      plot = null;
      fill(el);
    },
  };
}
