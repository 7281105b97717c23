// A small menu at an element, for the mouse and for the keyboard.
import { h } from "./dom";

export type Item = readonly [label: string, act: () => void] | HTMLElement | null | false;

/** Opens a menu in `parent` below `anchor`; returns what closes it. */
export function menu(parent: HTMLElement, anchor: HTMLElement, items: readonly Item[]): () => void {
  const own = new Menu(items);
  own.open(parent, anchor);
  return own.close;
}

class Menu {
  readonly #el: HTMLElement;
  readonly #before = document.activeElement as HTMLElement | null;

  constructor(items: readonly Item[]) {
    const entries = items.map((item) => (Array.isArray(item) ? this.#button(item[0], item[1]) : (item as HTMLElement)));
    const props = { class: "nbt-menu", role: "menu", "data-lm-suppress-shortcuts": "true" };
    this.#el = h("div", { ...props, onkeydown: (e) => this.#key(e) }, entries);
  }

  open(parent: HTMLElement, anchor: HTMLElement): void {
    const el = this.#el;
    parent.append(el);
    const box = parent.getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    el.style.left = `${Math.max(0, Math.min(at.left - box.left, box.width - el.offsetWidth))}px`;
    el.style.top = `${at.bottom - box.top + 2}px`;
    this.#choices()[0]?.focus({ preventScroll: true });
    document.addEventListener("pointerdown", this.#outside, true);
  }

  readonly close = (): void => {
    if (!this.#el.isConnected) return;
    this.#el.remove();
    document.removeEventListener("pointerdown", this.#outside, true);
    this.#before?.focus?.({ preventScroll: true });
  };

  readonly #outside = (e: Event): void => {
    if (!this.#el.contains(e.target as Node)) this.close();
  };

  #button(label: string, act: () => void): HTMLElement {
    const press = () => {
      this.close();
      act();
    };
    return h("button", { role: "menuitem", onclick: press }, label);
  }

  #choices(): HTMLElement[] {
    return [...this.#el.querySelectorAll<HTMLElement>("button,input")];
  }

  #key(e: KeyboardEvent): void {
    const all = this.#choices();
    const i = all.indexOf(document.activeElement as HTMLElement);
    const places: Record<string, number> = {
      ArrowDown: i + 1,
      ArrowUp: i - 1 + all.length,
      Home: 0,
      End: all.length - 1,
    };
    const next = places[e.key];
    if (next !== undefined) all[next % all.length]?.focus();
    else if (e.key === "Escape" || e.key === "Tab") this.close();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }
}
