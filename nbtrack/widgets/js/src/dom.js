// Elements, and other people's text in them: as text, never as markup.

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any> | null} [props] attributes; `on…` are handlers, `style` an object, null and false leave out
 * @param {...any} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else if (key === "style") Object.assign(el.style, value);
    else if (key === "value" || key === "checked" || key === "disabled" || key === "hidden") /** @type {any} */ (el)[key] = value;
    else el.setAttribute(key === "class" ? "class" : key, value === true ? "" : value);
  }
  add(el, ...children);
  return el;
}

/** @param {Element} el @param {...any} children nodes and texts, nested as they like; null, undefined and false are left out */
export function add(el, ...children) {
  for (const child of children.flat(3)) if (child || child === 0) el.append(/** @type {any} */ (child instanceof Node ? child : String(child)));
}

/** @param {Element} el @param {...any} children */
export function fill(el, ...children) {
  el.textContent = "";
  add(el, ...children);
}

/**
 * Someone's text: isolated in its direction of writing, cut to a length, with more of it as a title.
 * @param {string} text @param {number} [most]
 */
export function name(text, most = 60) {
  const shown = clip(text, most);
  return h("bdi", shown === text ? null : { title: clip(text, 400) }, shown);
}

/** @param {string} text @param {number} most */
export function clip(text, most) {
  const line = text.replace(/[\s\u2028\u2029]+/g, " ");
  const letters = line.length > most ? [...line.slice(0, 2 * most + 2)] : [];
  return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : line;
}

const styles = new Set();

/** @param {string} text css, put into the page once */
export function addStyle(text) {
  if (styles.has(text)) return;
  styles.add(text);
  document.head.append(h("style", null, text));
}
