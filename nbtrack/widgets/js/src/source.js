// Where a view gets its data from: the kernel, through its model.
import { unpack } from "./pack.js";

const FIRST_RETRY = 3000;
const LONGEST_RETRY = 30000;
const FIRST_SNAPSHOT = 250;

/**
 * Handlers by event.
 * @returns {{on: (event: string, handler: (value: any) => void) => () => void, emit: (event: string, value?: any) => void, clear: () => void}}
 */
export function events() {
  /** @type {Map<string, Set<(value: any) => void>>} */
  const handlers = new Map();
  return {
    on(event, handler) {
      const own = handlers.get(event) ?? new Set();
      handlers.set(event, own.add(handler));
      return () => own.delete(handler);
    },
    emit: (event, value) => [...(handlers.get(event) ?? [])].forEach((handler) => handler(value)),
    clear: () => handlers.clear(),
  };
}

/**
 * The source of a view whose model lives in a kernel. Asks are sent again while no answer comes: the first ones of a page
 * can be held up until the cell that is running has ended, and a connection can be lost.
 * @param {import("./types.js").Model} model
 * @returns {import("./types.js").Source & {start: () => void}}
 */
export function modelSource(model) {
  const { on, emit, clear } = events();
  const page = Math.random().toString(36).slice(2);
  /** @type {Map<string, {resolve: (value: any) => void, reject: (error: Error) => void, timer: any}>} */
  const waiting = new Map();
  let asked = 0, seq = -1, isGone = false;
  /** @type {any[][] | null} pushes that came while a snapshot is awaited */
  let held = null;

  /** @param {string} id @param {any} message @param {number} pause */
  function send(id, message, pause) {
    // It fails where the connection is lost for the moment, or the kernel's end is not known yet: what is sent again will arrive.
    try { model.send(message); } catch (error) { console.debug("nbtrack:", error); }
    const entry = waiting.get(id);
    if (entry) entry.timer = setTimeout(() => send(id, message, Math.min(2 * pause, LONGEST_RETRY)), pause);
  }

  /** @param {string} what @param {Record<string, any>} [args] */
  function ask(what, args = {}) {
    if (isGone) return Promise.reject(new Error("the kernel is gone"));
    const id = `${page}-${asked++}`;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject, timer: 0 });
      send(id, { k: "ask", id, what, args }, FIRST_RETRY);
    });
  }

  function resync() {
    if (held) return;
    held = [];
    ask("snapshot").then((value) => emit("snapshot", value), () => {}).finally(replay);
  }

  function replay() {
    const later = held ?? [];
    held = null;
    later.forEach(([message, buffers]) => pushed(message, buffers));
  }

  /** @param {any} message @param {DataView[]} buffers */
  function pushed(message, buffers) {
    if (message.seq <= seq) return;
    if (held) return void held.push([message, buffers]);
    // A snapshot is all that came before it.
    if (message.seq !== seq + 1 && message.event !== "snapshot") {
      resync();
      return pushed(message, buffers);
    }
    seq = message.seq;
    emit(message.event, unpack(message.value, buffers[0]));
  }

  /** @param {any} message @param {DataView[]} buffers */
  function answered(message, buffers) {
    const entry = waiting.get(message.id);
    if (!entry) return;
    waiting.delete(message.id);
    clearTimeout(entry.timer);
    if (message.k === "error") return entry.reject(new Error(message.message));
    if (held && message.seq > seq) seq = message.seq;
    entry.resolve(unpack(message.value, buffers[0]));
  }

  /** @param {any} message @param {DataView[]} buffers */
  const heard = (message, buffers) => (message.k === "push" ? pushed : answered)(message, buffers);

  /** Ask for what is shown, unless it has come or is on its way: asked for twice, a large table takes the kernel twice the time. */
  const look = () => void (seq < 0 && !isGone && !model.get("coming") && resync());

  function close() {
    if (isGone) return;
    isGone = true;
    model.off("msg:custom", heard);
    model.off("comm_live_update", close);
    model.off("change:coming", look);
    for (const { reject, timer } of waiting.values()) clearTimeout(timer), reject(new Error("the kernel is gone"));
    waiting.clear();
    held = null;
    emit("gone");
    clear();
  }

  return {
    key: model.get("key"), kind: model.get("kind"), isOffline: false, ask, on, close,
    // A model that has just been made is told at once; one that a reloaded page finds has to ask.
    start() {
      model.on("msg:custom", heard);
      // ipywidgets' own word for a kernel that has ended or lost its connection; when it is back there is another model.
      model.on("comm_live_update", close);
      model.on("change:coming", look);
      setTimeout(look, FIRST_SNAPSHOT);
    },
  };
}
