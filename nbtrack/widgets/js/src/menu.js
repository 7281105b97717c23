// A small menu at an element: for the mouse and for the keyboard.
import { h } from "./dom.js";

/**
 * @param {HTMLElement} parent that it is placed in @param {HTMLElement} anchor
 * @param {([string, () => void] | HTMLElement | null | false)[]} items
 */
export function menu(parent, anchor, items) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const close = () => { if (!el.isConnected) return; el.remove(); document.removeEventListener("pointerdown", outside, true); before?.focus?.({ preventScroll: true }); };
  const outside = (/** @type {Event} */ e) => { if (!el.contains(/** @type {Node} */ (e.target))) close(); };
  const el = h("div", { class: "nbt-menu", role: "menu", "data-lm-suppress-shortcuts": "true", onkeydown: key },
    ...items.map((item) => Array.isArray(item) ? h("button", { role: "menuitem", onclick: () => { close(); item[1](); } }, item[0]) : item));
  parent.append(el);
  const box = parent.getBoundingClientRect(), at = anchor.getBoundingClientRect();
  el.style.left = `${Math.max(0, Math.min(at.left - box.left, box.width - el.offsetWidth))}px`;
  el.style.top = `${at.bottom - box.top + 2}px`;
  const choices = () => /** @type {HTMLElement[]} */ ([...el.querySelectorAll("button,input")]);
  choices()[0]?.focus({ preventScroll: true });
  document.addEventListener("pointerdown", outside, true);

  /** @param {KeyboardEvent} e */
  function key(e) {
    const all = choices(), i = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = /** @type {Record<string, number>} */ ({ ArrowDown: i + 1, ArrowUp: i - 1 + all.length, Home: 0, End: all.length - 1 })[e.key];
    if (next != null) all[next % all.length].focus();
    else if (e.key === "Escape" || e.key === "Tab") close();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }
  return close;
}
