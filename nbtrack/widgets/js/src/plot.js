// One chart: lines, each with places of its own, and bands, on the axes of axes.js; what the keyboard does in it.
import { axes } from "./axes.js";
import { extent, nearest, roomy, visible } from "./curve.js";
import { addStyle, h } from "./dom.js";
import { duration, number, shortNumber } from "./format.js";
import css from "./plot.css";

/**
 * A curve of a chart; `faint` ones are drawn, but do not count for the range of the vertical axis.
 * @typedef {{x: Float64Array, y: Float64Array, color: string, width?: number, dash?: number[], alpha?: number, faint?: boolean}} Line
 * @typedef {{x: Float64Array, lo: Float64Array, hi: Float64Array, color: string}} Band
 * @typedef {{lines: Line[], bands?: Band[], range: [number, number], log?: boolean, axis?: "step" | "time" | "value"}} Content
 * @typedef {{label: string, height?: number, onZoom?: (range: [number, number] | null) => void, onCursor?: (at: number | null) => void}} Options
 */

/**
 * Draw a chart that fills the width of an element.
 * @param {HTMLElement} el @param {Options} options
 */
export function chart(el, { label, height = 150, onZoom, onCursor }) {
  addStyle(css);
  /** @type {Content} */
  let content = { lines: [], range: [0, 1] };
  /** @type {[number, number]} */
  let yRange = [0, 1];
  let isLog = false;
  const box = h("div", { class: "nbt-plot", tabindex: "0", "data-lm-suppress-shortcuts": "true", role: "img", "aria-label": label, style: { height: `${height}px` } });
  el.append(box);
  const frame = axes(box, { height, paint, select: (from, to) => onZoom?.([from, to]), point: (at) => onCursor?.(at), reset: () => onZoom?.(null) });

  /** @param {number} value */
  const tick = (value) => (content.axis === "time" ? duration(value) || "0" : shortNumber(value));

  /** @param {CanvasRenderingContext2D} ctx */
  function paint(ctx) {
    ctx.lineJoin = ctx.lineCap = "round";
    (content.bands ?? []).forEach((band) => drawBand(ctx, band));
    content.lines.forEach((line) => drawLine(ctx, line));
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Line} line */
  function drawLine(ctx, { x, y, color, width: thick = 1.5, dash = [], alpha = 1 }) {
    const at = frame.maps(), ratio = devicePixelRatio, [from, to] = visible(x, ...content.range);
    ctx.strokeStyle = ctx.fillStyle = color;
    ctx.globalAlpha = alpha;
    ctx.lineWidth = thick * ratio;
    ctx.setLineDash(dash.map((part) => part * ratio));
    ctx.beginPath();
    const lone = [];
    let isOpen = false;
    for (let i = from; i < to; i++) {
      const value = y[i];
      if (!Number.isFinite(value) || (isLog && value <= 0)) {
        if (value > 0 || value < 0) triangle(ctx, at.x(x[i]), at.box, value > 0 && !Number.isFinite(value), ratio);
        isOpen = false;
        continue;
      }
      const px = at.x(x[i]), py = at.y(value);
      if (isOpen) ctx.lineTo(px, py);
      else {
        ctx.moveTo(px, py);
        const next = y[i + 1];
        if (i + 1 >= to || !Number.isFinite(next) || (isLog && next <= 0)) lone.push([px, py]);
      }
      isOpen = true;
    }
    ctx.stroke();
    for (const [px, py] of lone) ctx.beginPath(), ctx.arc(px, py, Math.max(2, thick + 1) * ratio, 0, 7), ctx.fill();
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Band} band */
  function drawBand(ctx, { x, lo, hi, color }) {
    const at = frame.maps();
    ctx.beginPath();
    for (let i = 0; i < x.length; i++) ctx.lineTo(at.x(x[i]), at.y(hi[i]));
    for (let i = x.length - 1; i >= 0; i--) ctx.lineTo(at.x(x[i]), at.y(isLog ? Math.max(lo[i], yRange[0]) : lo[i]));
    ctx.closePath();
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.18;
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const [lo, hi] = content.range, at = frame.crossed ?? (lo + hi) / 2;
    const zoom = (/** @type {number} */ by) => onZoom?.([at - (at - lo) * by, at + (hi - at) * by]);
    const x = content.lines.find((line) => !line.faint)?.x ?? new Float64Array();
    const step = (/** @type {number} */ by) => {
      const i = Math.max(0, Math.min(x.length - 1, nearest(x, at) + by));
      if (x.length) frame.cross(x[i]), onCursor?.(x[i]);
    };
    const keys = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => step(event.shiftKey ? -20 : -1), ArrowRight: () => step(event.shiftKey ? 20 : 1),
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => onZoom?.(null), Escape: () => onZoom?.(null),
    });
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    keys[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }
  box.addEventListener("keydown", key);

  const resized = new ResizeObserver(() => { if (box.clientWidth > 60) frame.resize(box.clientWidth); });
  resized.observe(box);
  frame.resize(Math.max(120, box.clientWidth || 300));

  return {
    /** Draw this from now on. @param {Content} next */
    update(next) {
      isLog = !!next.log;
      const [lo, hi] = next.range, counted = [...next.lines.filter((line) => !line.faint), ...(next.bands ?? []).flatMap(({ x, lo: y, hi: most }) => [{ x, y }, { x, y: most }])];
      yRange = roomy(extent(counted, lo, hi, isLog) ?? extent(next.lines, lo, hi, isLog), isLog);
      content = { ...next, range: lo === hi ? [lo - 0.5, hi + 0.5] : next.range };
      frame.update({ x: content.range, y: yRange, isLog, isTime: next.axis === "time", written: { x: tick, y: (value) => number(value, 4) } });
    },
    /** Put the crosshair at a place, null for none. @param {number | null} at */
    cursor: (at) => frame.cross(at),
    redraw: () => frame.redraw(),
    destroy() {
      resized.disconnect();
      box.removeEventListener("keydown", key);
      content = { lines: [], range: [0, 1] };
      box.remove();
    },
  };
}

/** A mark at the edge for a value that the axis has no place for. @param {CanvasRenderingContext2D} ctx @param {number} x @param {import("./axes.js").Box} box @param {boolean} isUp @param {number} ratio */
function triangle(ctx, x, box, isUp, ratio) {
  const tip = isUp ? box.top : box.top + box.height, base = tip + (isUp ? 7 : -7) * ratio;
  const path = new Path2D();
  path.moveTo(x, tip);
  path.lineTo(x - 4 * ratio, base);
  path.lineTo(x + 4 * ratio, base);
  ctx.fill(path);
}
