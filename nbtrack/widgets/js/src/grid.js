// A grid that draws only the cells in sight, for tens of thousands of rows and hundreds of columns.
import { fill, h } from "./dom.js";

const ROW = 26, AHEAD = 4;

/**
 * @typedef {{id: string, width: number, pinned: boolean, label: string, sort: string}} Head
 * @typedef {{heads: () => Head[], count: () => number, cell: (row: number, column: number, el: HTMLElement) => void, row: (row: number, el: HTMLElement) => void,
 *   head: (column: number, el: HTMLElement) => void, press: (row: number, column: number, e: MouseEvent | KeyboardEvent) => void, open: (row: number, column: number) => void,
 *   key: (e: KeyboardEvent, row: number, column: number) => boolean, resize: (column: number, width: number) => void, move: (from: number, to: number) => void, seen: () => void, label: string}} Model
 */

/** @param {HTMLElement} parent @param {Model} model */
export function grid(parent, model) {
  const id = `nbt-g${Math.random().toString(36).slice(2, 8)}`;
  const head = h("div", { class: "nbt-row nbt-heads", role: "row", "aria-rowindex": "1" }), body = h("div", { class: "nbt-body", role: "rowgroup" });
  const el = h("div", { class: "nbt-grid", role: "grid", tabindex: "0", "aria-label": model.label, "aria-multiselectable": "true", "data-lm-suppress-shortcuts": "true", onkeydown: key, onscroll: soon },
    h("div", { role: "rowgroup", class: "nbt-headgroup" }, head), body);
  parent.append(el);
  /** The rows that are drawn, by number. @type {Map<number, HTMLElement>} */
  let drawn = new Map();
  // While a theme changes, or its tab is behind another, an element has no size; what it had then still holds.
  const room = { width: 600, height: 400 };
  let at = { row: -1, column: 0 }, frame = 0, across = "", heads = model.heads(), top = 0, bottom = 0, from = 0, to = 0;

  function soon() { if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(); }); }

  /** Which columns are in sight beside those pinned: first, last, and what is left of them. */
  function window_() {
    const left = el.scrollLeft;
    let x = 0, first = -1, last = 0, skipped = 0, fixed = 0;
    heads.forEach((c, i) => {
      if (c.pinned) return void (fixed += c.width);
      if (first < 0 && x + c.width > left) first = i, skipped = x;
      if (x < left + room.width) last = i + 1;
      x += c.width;
    });
    return { first: first < 0 ? heads.length : first, last, skipped, width: x + fixed };
  }

  function draw(isForced = false) {
    // What is being written in a cell is not to be drawn over; whoever has opened it draws when it is done.
    if (body.querySelector("input")) return;
    if (el.clientWidth) [room.width, room.height] = [el.clientWidth, el.clientHeight];
    const count = model.count(), { first, last, skipped, width } = window_();
    const start = Math.max(0, Math.floor(el.scrollTop / ROW) - AHEAD), stop = Math.min(count, Math.ceil((el.scrollTop + room.height) / ROW) + AHEAD);
    const columns = `${first} ${last} ${count}`, isSame = !isForced && columns === across;
    if (isSame && start === top && stop === bottom) return;
    across = columns;
    [top, bottom, from, to] = [start, stop, first, last];
    const places = [...heads.keys()].filter((i) => heads[i].pinned || (i >= first && i < last));
    if (!isSame) {
      el.setAttribute("aria-rowcount", String(count + 1));
      el.setAttribute("aria-colcount", String(heads.length));
      body.style.height = `${count * ROW}px`;
      body.style.width = head.style.width = `${width}px`;
      fill(head, ...line(places, skipped, headCell));
    }
    exchange(isSame ? drawn : new Map(), (row) => rowOf(row, places, skipped, width));
    mark();
    model.seen();
  }

  /** Show the rows in sight; those that were so stay, for making a row costs much more than keeping it. @param {Map<number, HTMLElement>} kept @param {(row: number) => HTMLElement} make */
  function exchange(kept, make) {
    const rows = new Map();
    for (let row = top; row < bottom; row++) rows.set(row, kept.get(row) ?? make(row));
    drawn.forEach((own, row) => { if (rows.get(row) !== own) own.remove(); });
    drawn = rows;
    /** @type {HTMLElement | null} */
    let last = null;
    rows.forEach((own) => {
      if (own.parentNode !== body) last ? last.after(own) : body.prepend(own);
      last = own;
    });
  }

  /** @param {number} row @param {number[]} places @param {number} skipped @param {number} width */
  function rowOf(row, places, skipped, width) {
    const own = h("div", { class: "nbt-row", role: "row", "aria-rowindex": String(row + 2), style: { top: `${row * ROW}px`, width: `${width}px` } });
    model.row(row, own);
    own.append(...line(places, skipped, (i) => {
      const cell = h("div", { class: "nbt-cell", role: "gridcell", "aria-colindex": String(i + 1), id: `${id}-${row}-${i}` });
      cell.onclick = (e) => { put(row, i); model.press(row, i, e); };
      cell.ondblclick = () => model.open(row, i);
      model.cell(row, i, cell);
      return cell;
    }));
    return own;
  }

  /** @param {number[]} places @param {number} skipped @param {(i: number) => HTMLElement} make */
  function line(places, skipped, make) {
    let pinned = 0, isFirst = true;
    const out = [];
    for (const i of places) {
      const cell = make(i), { width, pinned: isPinned } = heads[i];
      cell.style.flexBasis = `${width}px`;
      if (isPinned) cell.classList.add("nbt-pinned"), (cell.style.left = `${pinned}px`), (pinned += width);
      else if (isFirst) isFirst = false, out.push(h("div", { role: "presentation", style: { flex: `0 0 ${skipped}px` } }));
      out.push(cell);
    }
    return out;
  }

  /** @param {number} i */
  function headCell(i) {
    const cell = h("div", { class: "nbt-cell", role: "columnheader", "aria-colindex": String(i + 1), "aria-sort": heads[i].sort, id: `${id}--1-${i}` });
    cell.onpointerdown = (e) => drag(e, i, cell);
    model.head(i, cell);
    cell.append(h("span", { class: "nbt-grip", "aria-hidden": "true" }));
    return cell;
  }

  /** Move or resize a column, or press its head. @param {PointerEvent} e @param {number} i @param {HTMLElement} cell */
  function drag(e, i, cell) {
    if (e.button || /** @type {Element} */ (e.target).closest("button")) return;
    const isGrip = /** @type {Element} */ (e.target).classList.contains("nbt-grip"), x = e.clientX, { width } = heads[i];
    let isMoved = false;
    const move = (/** @type {PointerEvent} */ m) => {
      isMoved ||= Math.abs(m.clientX - x) > 5;
      if (isMoved && isGrip) model.resize(i, Math.max(48, width + m.clientX - x));
      else if (isMoved) cell.style.opacity = "0.5";
    };
    const done = (/** @type {PointerEvent} */ m) => {
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", done);
      cell.style.opacity = "";
      const target = document.elementFromPoint(m.clientX, m.clientY)?.closest("[role=columnheader]");
      if (!isMoved && !isGrip) put(-1, i), model.press(-1, i, m);
      else if (isMoved && !isGrip && target && head.contains(target)) model.move(i, Number(target.getAttribute("aria-colindex")) - 1);
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", done);
    e.preventDefault();
    el.focus({ preventScroll: true });
  }

  /** @param {number} row @param {number} column */
  function put(row, column) {
    at = { row: Math.max(-1, Math.min(model.count() - 1, row)), column: Math.max(0, Math.min(heads.length - 1, column)) };
    mark();
  }

  function mark() {
    el.querySelector(".nbt-here")?.classList.remove("nbt-here");
    const own = document.getElementById(`${id}-${at.row}-${at.column}`);
    own?.classList.add("nbt-here");
    if (own) el.setAttribute("aria-activedescendant", own.id);
    else el.removeAttribute("aria-activedescendant");
  }

  /** Scroll to where the keyboard is. */
  function show() {
    const head_ = head.offsetHeight, y = at.row * ROW;
    if (at.row >= 0) {
      if (y < el.scrollTop) el.scrollTop = y;
      else if (y + ROW + head_ > el.scrollTop + el.clientHeight) el.scrollTop = y + ROW + head_ - el.clientHeight;
    }
    if (!heads[at.column]?.pinned) {
      let x = 0, fixed = 0;
      heads.forEach((c, i) => { if (c.pinned) fixed += c.width; else if (i < at.column) x += c.width; });
      if (x < el.scrollLeft) el.scrollLeft = x;
      else if (x + heads[at.column].width + fixed > el.scrollLeft + el.clientWidth) el.scrollLeft = x + heads[at.column].width + fixed - el.clientWidth;
    }
    draw();
    mark();
  }

  /** @param {KeyboardEvent} e */
  function key(e) {
    if (e.target !== el) return;
    const page = Math.max(1, Math.floor(el.clientHeight / ROW) - 2), { row, column } = at, isCtrl = e.ctrlKey || e.metaKey;
    const to_ = /** @type {Record<string, [number, number]>} */ ({
      ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      PageDown: [row + page, column], PageUp: [row - page, column], Home: [isCtrl ? 0 : row, 0], End: [isCtrl ? Infinity : row, heads.length - 1],
    })[e.key];
    if (to_ && !e.altKey) put(...to_), show();
    else if (e.key === " ") model.press(row, column, e);
    else if (e.key === "Enter" || e.key === "F2") row < 0 ? model.press(row, column, e) : model.open(row, column);
    else if (!model.key(e, row, column)) return;
    e.preventDefault();
    e.stopPropagation();
  }

  const resized = new ResizeObserver(() => soon());
  resized.observe(el);
  return {
    el,
    /** Draw it anew. */
    update() { heads = model.heads(); el.style.height = `${Math.min(model.count() * ROW, 420) + 46}px`; draw(true); },
    /** The rows and the columns in sight. */
    get sight() { return { top, bottom, from, to }; },
    /** @param {number} row @param {number} column */
    cellAt: (row, column) => document.getElementById(`${id}-${row}-${column}`),
    destroy() { resized.disconnect(); cancelAnimationFrame(frame); el.remove(); },
  };
}
