// Elements made by hand: for the chart and the grid, which are drawn without components.

type Style = Partial<CSSStyleDeclaration>;
type Handler<E extends Event = Event> = (event: E) => void;
type Handlers = { [E in keyof HTMLElementEventMap as `on${E}`]?: Handler<HTMLElementEventMap[E]> };
type Attribute = string | number | boolean | null | undefined;
export type Props = Handlers & { style?: Style } & { [name: string]: Attribute | Style | Handler<never> };
export type Child = Node | string | number | false | null | undefined | readonly Child[];

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden"]);
const styles = new Set<string>();

/** Makes an element; `on…` are handlers, `style` is an object, and null and false leave an attribute out. */
export function h<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  props: Props | null = null,
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) if (value != null && value !== false) give(el, key, value);
  add(el, ...children);
  return el;
}

function give(el: HTMLElement, key: string, value: unknown): void {
  if (key.startsWith("on")) el.addEventListener(key.slice(2), value as EventListener);
  else if (key === "style") Object.assign(el.style, value);
  else if (PROPERTIES.has(key)) Object.assign(el, { [key]: value });
  else el.setAttribute(key, value === true ? "" : String(value));
}

/** Appends nodes and strings, nested as they like; null, undefined, false and the empty string are left out. */
export function add(el: Element, ...children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) add(el, ...child);
    else if (child || child === 0) el.append(child instanceof Node ? child : String(child));
  }
}

/** Puts a style sheet into the page once. */
export function addStyle(css: string): void {
  if (styles.has(css)) return;
  styles.add(css);
  document.head.append(h("style", null, css));
}
