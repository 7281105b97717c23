// The files of a run: a tree, what is in them, and their download.
import { addStyle, fill, h, name } from "./dom.js";
import { count, size } from "./format.js";
import css from "./files.css";

/** @typedef {(what: string, args?: Record<string, any>) => Promise<any>} Ask */

const MOST_SHOWN = 4_000_000;
const MOST_TEXT = 200_000;
const MOST_DOWNLOAD = 200_000_000;
const STEP = /^(.*?)[_%+-]*step[_%+-]*(\d+)/;

/** @param {import("./types.js").Source} source */
export function open(source) {
  const store = /** @type {any} */ ({ source, ui: {}, close() {} });
  return store;
}

/** @param {any} store @param {HTMLElement} el */
export const mount = (store, el) => filesView(store.source.ask, el, store.ui);

/**
 * Paths as a tree of folders.
 * @param {{path: string, size: number}[]} files
 * @returns {{name: string, path: string, size: number, children: any[] | null}[]}
 */
export function tree(files) {
  /** @type {any[]} */
  const top = [];
  for (const { path, size: bytes } of files) {
    const parts = path.split("/");
    let level = top;
    parts.forEach((part, i) => {
      const isFile = i === parts.length - 1;
      let node = level.find((each) => each.name === part && !each.children === isFile);
      if (!node) level.push((node = { name: part, path: parts.slice(0, i + 1).join("/"), size: 0, children: isFile ? null : [] }));
      node.size += bytes;
      level = node.children ?? level;
    });
  }
  const sorted = (/** @type {any[]} */ nodes) => {
    nodes.sort((a, b) => Number(!a.children) - Number(!b.children) || (a.name < b.name ? -1 : 1));
    nodes.forEach((node) => node.children && sorted(node.children));
    return nodes;
  };
  return sorted(top);
}

/**
 * Images of one name and many steps, in the order of their steps.
 * @param {string[]} paths @param {string} path
 */
export function steps(paths, path) {
  const own = STEP.exec(path);
  if (!own) return [];
  return paths.map((each) => ({ each, match: STEP.exec(each) })).filter(({ match }) => match?.[1] === own[1])
    .map(({ each, match }) => ({ path: each, step: Number(match?.[2]) })).sort((a, b) => a.step - b.step);
}

/**
 * @param {Ask} ask @param {HTMLElement} el @param {Record<string, any>} ui
 * @returns {() => void}
 */
export function filesView(ask, el, ui) {
  addStyle(css);
  const list = h("ul", { class: "nbt-tree", role: "tree", "aria-label": "files" }), shown = h("div", { class: "nbt-preview", "aria-live": "polite" });
  const box = h("div", { class: "nbt-files" }, list, shown);
  el.append(box);
  /** @type {string[]} */
  const urls = [];
  /** @type {string[]} */
  let paths = [];
  let isClosed = false, latest = 0, uri = "";
  ui.open ??= new Set();

  ask("list").then((answer) => {
    if (isClosed) return;
    paths = answer.files.map((/** @type {any} */ file) => file.path);
    uri = answer.uri ?? "";
    const nodes = tree(answer.files);
    fill(list, ...nodes.map((node) => item(node, 1)));
    if (!nodes.length) fill(box, h("div", { class: "nbt-empty" }, "No files were logged"));
    if (answer.total > answer.files.length) list.append(h("li", { class: "nbt-dim" }, `and ${count(answer.total - answer.files.length)} more`));
    const first = ui.path ?? paths.find((path) => /\.(png|jpe?g|gif|webp)$/i.test(path)) ?? paths[0];
    if (first) show(first);
  }, (error) => fill(box, h("div", { class: "nbt-error" }, error.message)));

  /** @param {any} node @param {number} level @returns {HTMLElement} */
  function item(node, level) {
    const isOpen = level === 1 ? !ui.open.has("-" + node.path) : ui.open.has(node.path);
    const kids = node.children && h("ul", { role: "group", hidden: !isOpen }, ...node.children.map((/** @type {any} */ each) => item(each, level + 1)));
    const label = h("span", { class: "nbt-leaf" }, node.children ? h("span", { "aria-hidden": "true" }, isOpen ? "▾ " : "▸ ") : null, name(node.name, 40), h("span", { class: "nbt-dim" }, " ", size(node.size)));
    const toggle = () => {
      kids.hidden = !kids.hidden;
      li.setAttribute("aria-expanded", String(!kids.hidden));
      label.firstElementChild && (label.firstElementChild.textContent = kids.hidden ? "▸ " : "▾ ");
      const mark = level === 1 ? "-" + node.path : node.path;
      kids.hidden === (level === 1) ? ui.open.add(mark) : ui.open.delete(mark);
    };
    const act = () => (kids ? toggle() : show(node.path));
    const li = h("li", { role: "treeitem", tabindex: level === 1 ? "0" : "-1", "data-path": node.children ? "" : node.path, "aria-expanded": kids ? String(isOpen) : null,
      onclick: (/** @type {Event} */ e) => { e.stopPropagation(); act(); }, onkeydown: (/** @type {KeyboardEvent} */ e) => key(e, li, act, kids, toggle) }, label, kids);
    return li;
  }

  /** @param {KeyboardEvent} e @param {HTMLElement} li @param {() => void} act @param {any} kids @param {() => void} toggle */
  function key(e, li, act, kids, toggle) {
    const all = [...list.querySelectorAll('[role="treeitem"]')].filter((each) => /** @type {HTMLElement} */ (each).offsetParent), i = all.indexOf(li);
    const go = (/** @type {any} */ to) => to && (to.tabIndex = 0, to.focus());
    const keys = /** @type {Record<string, () => void>} */ ({
      Enter: act, " ": act, ArrowDown: () => go(all[i + 1]), ArrowUp: () => go(all[i - 1]), Home: () => go(all[0]), End: () => go(all[all.length - 1]),
      ArrowRight: () => (kids?.hidden ? toggle() : go(kids?.firstElementChild)), ArrowLeft: () => (kids && !kids.hidden ? toggle() : go(li.parentElement?.closest('[role="treeitem"]'))),
    });
    if (!keys[e.key]) return;
    keys[e.key]();
    e.preventDefault();
    e.stopPropagation();
  }

  /** @param {string} path */
  async function show(path) {
    ui.path = path;
    const own = ++latest;
    for (const li of list.querySelectorAll("[data-path]")) li.setAttribute("aria-selected", String(/** @type {any} */ (li).dataset.path === path));
    const head = h("div", { class: "nbt-tools" }, name(path, 80), h("button", { onclick: () => download(path) }, "Download"));
    fill(shown, head, slider(path), h("div", { class: "nbt-dim" }, "…"));
    try {
      const content = await preview(path);
      if (own === latest && !isClosed) shown.lastElementChild?.replaceWith(content);
    } catch (error) {
      if (own === latest) shown.lastElementChild?.replaceWith(h("div", { class: "nbt-error" }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {string} path */
  function slider(path) {
    const series = steps(paths, path);
    if (series.length < 2) return null;
    const i = series.findIndex((each) => each.path === path);
    return h("label", { class: "nbt-tools" }, `step ${series[i].step}`, h("input", { type: "range", min: "0", max: String(series.length - 1), value: String(i), "aria-label": "step of the image", onchange: (/** @type {any} */ e) => show(series[e.target.value].path) }));
  }

  /** @param {string} path @returns {Promise<HTMLElement>} */
  async function preview(path) {
    const ending = path.toLowerCase().split(".").pop() ?? "";
    if (["csv", "tsv", "parquet"].includes(ending)) return table(path, 0);
    const file = await ask("file", { path });
    const bytes = file.data.length;
    if (/^image\//.test(file.mime) && bytes >= file.size) return h("img", { src: blob(file), alt: path, class: "nbt-image", onclick: (/** @type {any} */ e) => e.target.classList.toggle("nbt-full") });
    if (/^audio\//.test(file.mime) && bytes >= file.size) return h("audio", { controls: true, src: blob(file) });
    if (/^video\//.test(file.mime) && bytes >= file.size) return h("video", { controls: true, src: blob(file), class: "nbt-image" });
    if (file.data.subarray(0, 4000).includes(0) || bytes > MOST_SHOWN || /^(image|audio|video)\//.test(file.mime)) return h("div", { class: "nbt-dim" }, `${file.mime}, ${size(file.size)}: download it to look at it`);
    const text = new TextDecoder().decode(file.data.subarray(0, MOST_TEXT));
    if (ending === "json" && file.size <= MOST_TEXT) try { return json(JSON.parse(text)); } catch { /* shown as the text it is */ }
    return h("div", null, h("pre", { class: "nbt-text", tabindex: "0" }, text), file.size > MOST_TEXT && h("div", { class: "nbt-dim" }, `the first ${size(MOST_TEXT)} of ${size(file.size)}`));
  }

  /** @param {any} file */
  function blob(file) {
    const url = URL.createObjectURL(new Blob([file.data], { type: file.mime }));
    urls.push(url);
    return url;
  }

  /** @param {string} path @param {number} first @returns {Promise<HTMLElement>} */
  async function table(path, first) {
    const page = await ask("table", { path, first, count: 50 });
    const cell = (/** @type {"td" | "th"} */ tag) => (/** @type {string} */ text) => h(tag, null, name(text, 60));
    const turn = (/** @type {number} */ to) => table(path, to).then((next) => body.replaceWith(next));
    const body = h("div", null, h("div", { class: "nbt-scroll", tabindex: "0" }, h("table", { class: "nbt-plain" }, h("thead", null, h("tr", null, ...page.columns.map(cell("th")))), h("tbody", null, ...page.rows.map((/** @type {string[]} */ row) => h("tr", null, ...row.map(cell("td"))))))),
      h("div", { class: "nbt-tools" }, `${count(first + 1)} to ${count(first + page.rows.length)} of ${count(page.total)} rows`,
        first > 0 && h("button", { onclick: () => turn(Math.max(0, first - 50)) }, "Before"), first + page.rows.length < page.total && h("button", { onclick: () => turn(first + 50) }, "Next")));
    return body;
  }

  /** @param {string} path */
  async function download(path) {
    const parts = [];
    let got = 0, file = await ask("file", { path });
    while (got < file.size && file.size <= MOST_DOWNLOAD) {
      parts.push(file.data);
      got += file.data.length;
      if (got < file.size) file = await ask("file", { path, start: got });
      if (!file.data.length) break;
    }
    if (file.size > MOST_DOWNLOAD) return shown.append(h("div", { class: "nbt-error" }, `${size(file.size)} are too many for the browser: run.artifacts.download(${JSON.stringify(path)})${uri ? `, or take it from ${uri}` : ""}`));
    const url = URL.createObjectURL(new Blob(parts));
    const link = h("a", { href: url, download: path.split("/").pop() });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  return () => {
    isClosed = true;
    urls.forEach((url) => URL.revokeObjectURL(url));
    box.remove();
  };
}

/** What JSON says, folded. @param {any} value @param {string} [key] @returns {HTMLElement} */
function json(value, key = "") {
  const label = key && h("span", { class: "nbt-dim" }, name(key, 60), ": ");
  if (value === null || typeof value !== "object") return h("div", { class: "nbt-json" }, label, name(JSON.stringify(value), 2000));
  const entries = Object.entries(value);
  return h("details", { class: "nbt-json", open: !key }, h("summary", null, label, Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`), ...entries.slice(0, 500).map(([own, each]) => json(each, own)));
}
