// Living views in the HTML of outputs: each slot whose view lives in this page shows it in place of its static part.

/** @typedef {{kind: import("./types.js").Kind, store: import("./types.js").Store, slots: Map<Element, () => void>, isGone: boolean}} Entry */

// Shared by all bundles of a page, should several versions of it be loaded.
const views = /** @type {Map<string, Entry>} */ (globalThis.__nbtrackViews ??= new Map());

/**
 * Let a view live in this page, in all slots of its key, those there are and those to come.
 * @param {import("./types.js").Kind} kind
 * @param {import("./types.js").Source} source
 * @returns {Entry}
 */
export function register(kind, source) {
  const entry = { kind, store: kind.open(source), slots: new Map(), isGone: false };
  const earlier = views.get(source.key);
  if (earlier) empty(earlier), earlier.store.close();
  views.set(source.key, entry);
  source.on("gone", () => { entry.isGone = true; sweep(source.key, entry); });
  watch();
  hydrate();
  return entry;
}

/**
 * Draw a view in an element.
 * @param {Entry} entry
 * @param {HTMLElement} el
 * @returns {() => void}
 */
export function mount(entry, el) {
  const root = document.createElement("div");
  root.className = "nbt-live";
  el.append(root);
  const unmount = entry.kind.mount(entry.store, root);
  return () => { unmount(); root.remove(); };
}

function watch() {
  if (globalThis.__nbtrackObserver) return;
  let isAsked = false;
  const soon = () => { if (!isAsked) { isAsked = true; requestAnimationFrame(() => { isAsked = false; hydrate(); }); } };
  (globalThis.__nbtrackObserver = new MutationObserver(soon)).observe(document.body, { childList: true, subtree: true });
}

function hydrate() {
  for (const [key, entry] of views) sweep(key, entry);
  for (const slot of document.querySelectorAll(".nbt-slot[data-run]")) {
    const entry = views.get(/** @type {HTMLElement} */ (slot).dataset.run ?? "");
    if (entry && !entry.slots.has(slot)) fill(entry, /** @type {HTMLElement} */ (slot));
  }
}

/** @param {Entry} entry @param {HTMLElement} slot */
function fill(entry, slot) {
  const still = /** @type {HTMLElement | null} */ (slot.querySelector(":scope > .nbt-static"));
  const unmount = mount(entry, slot);
  if (still) still.hidden = true, still.style.display = "none";
  entry.slots.set(slot, () => {
    unmount();
    if (still) still.hidden = false, still.style.display = "";
  });
}

/** @param {Entry} entry */
function empty(entry) {
  for (const unmount of entry.slots.values()) unmount();
  entry.slots.clear();
}

/**
 * Let go of slots that have left the page, and of a view whose kernel is gone with its last slot: what a person sees of
 * it stays until then.
 * @param {string} key @param {Entry} entry
 */
function sweep(key, entry) {
  for (const [slot, unmount] of entry.slots) if (!slot.isConnected) unmount(), entry.slots.delete(slot);
  if (!entry.isGone || entry.slots.size) return;
  entry.store.close();
  if (views.get(key) === entry) views.delete(key);
}
