// The frame of a chart: a canvas with two axes, a crosshair, and a stretch that is dragged.
import { h } from "./dom.js";
import { clock, decades, round } from "./ticks.js";

const TOP = 6, RIGHT = 10, BOTTOM = 22, APART = { x: 85, y: 34 }, FONT = "11px system-ui, sans-serif";

/**
 * Where values lie, and how they are written.
 * @typedef {{x: [number, number], y: [number, number], isLog: boolean, isTime: boolean, written: {x: (value: number) => string, y: (value: number) => string}}} Scales
 * @typedef {{left: number, top: number, width: number, height: number}} Box in the canvas's pixels
 */

/**
 * @param {HTMLElement} parent
 * @param {{height: number, paint: (ctx: CanvasRenderingContext2D) => void, select: (from: number, to: number) => void, point: (left: number | null) => void, reset: () => void}} on
 */
export function axes(parent, { height, paint, select, point, reset }) {
  const canvas = h("canvas"), cross = h("div", { class: "nbt-cross", hidden: true }), dragged = h("div", { class: "nbt-dragged", hidden: true });
  const over = h("div", { class: "nbt-over", onpointerdown: press, onpointermove: move, onpointerup: release, onpointercancel: release, onpointerleave: () => start == null && put(null), ondblclick: reset }, cross, dragged);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  parent.append(canvas, over);
  /** @type {Scales} */
  let scales = { x: [0, 1], y: [0, 1], isLog: false, isTime: false, written: { x: String, y: String } };
  let wide = 0, ratio = 1, left = 0;
  /** @type {number | null} a value, which stays where it is pressed while the axis grows */ let start = null;
  /** @type {number | null} */ let crossed = null;

  const room = () => ({ left, top: TOP, width: Math.max(1, wide - left - RIGHT), height: height - TOP - BOTTOM });
  const of = (/** @type {number} */ value) => (scales.isLog ? Math.log10(value) : value);

  /** Where a value of the horizontal axis is, from the left of the plot. @param {number} value */
  const place = (value) => ((value - scales.x[0]) / (scales.x[1] - scales.x[0])) * room().width;
  /** @param {number} at */
  const valueAt = (at) => scales.x[0] + (at / room().width) * (scales.x[1] - scales.x[0]);

  /** Linear maps from values to the canvas, as lines have many points. @returns {{x: (value: number) => number, y: (value: number) => number, box: Box}} */
  function maps() {
    const own = room(), [x0, x1] = scales.x, y0 = of(scales.y[0]), y1 = of(scales.y[1]);
    const box = { left: own.left * ratio, top: own.top * ratio, width: own.width * ratio, height: own.height * ratio };
    const byX = box.width / (x1 - x0), byY = box.height / (y1 - y0), bottom = box.top + box.height;
    return { x: (value) => box.left + (value - x0) * byX, y: (value) => bottom - (of(value) - y0) * byY, box };
  }

  function draw() {
    if (!wide) return;
    const style = getComputedStyle(parent), color = (/** @type {string} */ name) => style.getPropertyValue(name).trim() || "#888";
    const ys = (scales.isLog ? decades : round)(...scales.y, Math.max(2, (height - TOP - BOTTOM) / APART.y)), texts = ys.map(scales.written.y);
    left = 12 + 6.2 * Math.max(2, ...texts.map((text) => text.length));
    const { width } = room(), xs = (scales.isTime ? clock : round)(...scales.x, Math.max(1, width / APART.x));
    fit();
    const { x, y, box } = maps();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.lineWidth = ratio;
    ctx.strokeStyle = color("--nbt-line");
    ctx.fillStyle = color("--nbt-dim");
    ctx.font = FONT.replace("11", String(11 * ratio));
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.beginPath();
    ys.forEach((value, i) => {
      const at = Math.round(y(value)) + 0.5;
      ctx.moveTo(box.left, at);
      ctx.lineTo(box.left + box.width, at);
      ctx.fillText(texts[i], box.left - 4 * ratio, at);
    });
    ctx.stroke();
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    for (const value of xs) ctx.fillText(scales.written.x(value), x(value), box.top + box.height + 5 * ratio);
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    paint(ctx);
    ctx.restore();
    if (crossed != null) mark(crossed);
  }

  function fit() {
    const own = room();
    ratio = devicePixelRatio;
    // A canvas that is given a size is emptied, also by the size that it has.
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(height * ratio)) canvas.width = wide * ratio, canvas.height = height * ratio;
    Object.assign(canvas.style, { width: `${wide}px`, height: `${height}px` });
    Object.assign(over.style, { left: `${own.left}px`, top: `${own.top}px`, width: `${own.width}px`, height: `${own.height}px` });
  }

  // The pointer

  /** @param {PointerEvent} e */
  const within = (e) => Math.max(0, Math.min(room().width, e.clientX - over.getBoundingClientRect().left));

  /** @param {PointerEvent} e */
  function press(e) {
    if (e.button) return;
    start = valueAt(within(e));
    over.setPointerCapture(e.pointerId);
  }

  /** @param {PointerEvent} e */
  function move(e) {
    const at = within(e);
    put(at);
    if (start == null) return;
    dragged.hidden = false;
    const from = place(start);
    Object.assign(dragged.style, { left: `${Math.min(from, at)}px`, width: `${Math.abs(at - from)}px` });
  }

  /** @param {PointerEvent} e */
  function release(e) {
    const from = start, at = within(e), to = valueAt(at);
    start = null;
    dragged.hidden = true;
    if (from != null && e.type === "pointerup" && Math.abs(at - place(from)) > 3) select(Math.min(from, to), Math.max(from, to));
  }

  /** Move the crosshair, and tell of it. @param {number | null} at */
  function put(at) {
    crossed = at == null ? null : valueAt(at);
    mark(crossed);
    point(crossed);
  }

  /** @param {number | null} value */
  function mark(value) {
    const at = value == null ? -1 : place(value);
    cross.hidden = !(at >= 0 && at <= room().width);
    cross.style.transform = `translateX(${at}px)`;
  }

  return {
    maps,
    /** Draw with these scales. @param {Scales} next */
    update(next) { scales = next; draw(); },
    /** @param {number} next */
    resize(next) { if (next !== wide) wide = next, draw(); },
    redraw: draw,
    /** Where the crosshair is, as a value. */
    get crossed() { return crossed; },
    /** Put the crosshair at a value, null for nowhere. @param {number | null} value */
    cross(value) { crossed = value; mark(value); },
  };
}
