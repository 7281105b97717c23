// The views that live in this page: each is drawn in every slot of its key that a notebook's outputs have.
import type { Source } from "./source";

/** A kind of view: `open` makes its state, `mount` draws it in an element and returns what ends that. */
export interface Kind {
  // Which protocol it speaks depends on the kind, and a kind mounts the states that it has opened itself.
  open(source: never): { close(): void };
  mount(state: never, el: HTMLElement): () => void;
}

interface View {
  kind: Kind;
  state: { close(): void };
  slots: Map<Element, () => void>;
  isGone: boolean;
}

declare global {
  // Shared by all bundles of a page, which may have several versions of them.
  var __nbtrackViews: Map<string, View> | undefined;
  var __nbtrackObserver: MutationObserver | undefined;
}

globalThis.__nbtrackViews ??= new Map();
const views = globalThis.__nbtrackViews;

export const viewOf = (key: string): View | undefined => views.get(key);

/** Lets a view live in this page, in all slots of its key, present and coming. */
export function register(kind: Kind, source: Source): View {
  const view: View = { kind, state: kind.open(source as never), slots: new Map(), isGone: false };
  const earlier = views.get(source.key);
  if (earlier) {
    empty(earlier);
    earlier.state.close();
  }
  views.set(source.key, view);
  source.onGone(() => {
    view.isGone = true;
    sweep(source.key, view);
  });
  watch();
  hydrate();
  return view;
}

/** Draws a view in an element; returns what ends that. */
export function mount({ kind, state }: View, el: HTMLElement): () => void {
  const root = document.createElement("div");
  root.className = "nbt-live";
  el.append(root);
  const unmount = kind.mount(state as never, root);
  return () => {
    unmount();
    root.remove();
  };
}

/** Finds slots that come into the page later. */
function watch(): void {
  if (globalThis.__nbtrackObserver) return;
  let isAsked = false;
  const soon = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      hydrate();
    });
  };
  globalThis.__nbtrackObserver = new MutationObserver(soon);
  globalThis.__nbtrackObserver.observe(document.body, { childList: true, subtree: true });
}

function hydrate(): void {
  for (const [key, view] of views) sweep(key, view);
  for (const slot of document.querySelectorAll<HTMLElement>(".nbt-slot[data-run]")) {
    const view = views.get(slot.dataset.run ?? "");
    if (view && !view.slots.has(slot)) fill(view, slot);
  }
}

/** Draws a view in place of the static part of a slot. */
function fill(view: View, slot: HTMLElement): void {
  const still = slot.querySelector<HTMLElement>(":scope > .nbt-static");
  const unmount = mount(view, slot);
  if (still) hide(still, true);
  view.slots.set(slot, () => {
    unmount();
    if (still) hide(still, false);
  });
}

// By its style as well: the static part has a style of its own, which is stronger than the attribute.
function hide(el: HTMLElement, isHidden: boolean): void {
  el.hidden = isHidden;
  el.style.display = isHidden ? "none" : "";
}

function empty(view: View): void {
  for (const unmount of view.slots.values()) unmount();
  view.slots.clear();
}

/** Ends the slots that have left the page; a view without a kernel ends with its last slot. */
function sweep(key: string, view: View): void {
  for (const [slot, unmount] of view.slots) {
    if (slot.isConnected) continue;
    unmount();
    view.slots.delete(slot);
  }
  if (!view.isGone || view.slots.size) return;
  view.state.close();
  if (views.get(key) === view) views.delete(key);
}
