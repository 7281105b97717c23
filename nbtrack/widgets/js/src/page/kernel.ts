// The source of a view whose model lives in a kernel.
import { type Tree, unpack } from "../data/pack";
import { Events } from "./events";
import type { Source } from "./source";

/** The part of anywidget's model that is used here. */
export interface Model {
  get(name: string): unknown;
  send(content: object): void;
  on(event: string, handler: (message: Message, buffers: DataView[]) => void): void;
  off(event: string, handler: (message: Message, buffers: DataView[]) => void): void;
}

/** What the kernel says: an event of the view, an answer, or that a request failed. */
export type Message =
  | { k: "push"; seq: number; event: string; value: Tree }
  | { k: "answer"; id: string; seq: number; value: Tree }
  | { k: "error"; id: string; message: string };
type Push = Extract<Message, { k: "push" }>;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

const FIRST_RETRY = 3000;
const LONGEST_RETRY = 30000;
const FIRST_SNAPSHOT = 250;

/**
 * Requests are repeated until they are answered.
 *
 * The first ones of a page can be held up until the cell that is running has ended, and a connection can be lost.
 */
export class Kernel implements Source {
  readonly #model: Model;
  readonly isOffline = false;
  readonly key: string;
  readonly kind: string;
  readonly #events = new Events();
  readonly on = this.#events.on;
  readonly #page = Math.random().toString(36).slice(2);
  readonly #waiting = new Map<string, Waiting>();
  #asked = 0;
  #seq = -1;
  #isGone = false;
  /** Pushes that came while a snapshot is awaited. */
  #held: [Push, DataView[]][] | null = null;

  constructor(model: Model) {
    this.#model = model;
    this.key = model.get("key") as string;
    this.kind = model.get("kind") as string;
  }

  /** A model that has just been made is told at once; one that a reloaded page finds has to ask. */
  start(): void {
    this.#model.on("msg:custom", this.#hear);
    // ipywidgets' event for a kernel that has ended or lost its connection; when it is back there is another model.
    this.#model.on("comm_live_update", this.close);
    this.#model.on("change:coming", this.#look);
    setTimeout(this.#look, FIRST_SNAPSHOT);
  }

  readonly ask = (what: string, args: object = {}): Promise<unknown> => {
    if (this.#isGone) return Promise.reject(new Error("the kernel is gone"));
    const id = `${this.#page}-${this.#asked++}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, timer: 0 as unknown as Waiting["timer"] });
      this.#send(id, { k: "ask", id, what, args }, FIRST_RETRY);
    });
  };

  onGone(handler: () => void): () => void {
    return this.on("gone", handler);
  }

  readonly close = (): void => {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#model.off("msg:custom", this.#hear);
    this.#model.off("comm_live_update", this.close);
    this.#model.off("change:coming", this.#look);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error("the kernel is gone"));
    }
    this.#waiting.clear();
    this.#held = null;
    this.#events.emit("gone");
    this.#events.clear();
  };

  #send(id: string, message: object, pause: number): void {
    try {
      this.#model.send(message);
    } catch (error) {
      // The connection is lost for the moment, or the kernel's end is not known yet; it is sent again.
      console.debug("nbtrack:", error);
    }
    const entry = this.#waiting.get(id);
    if (entry) entry.timer = setTimeout(() => this.#send(id, message, Math.min(2 * pause, LONGEST_RETRY)), pause);
  }

  // A snapshot on its way is not asked for again: a large table would take the kernel twice the time.
  readonly #look = (): void => {
    if (this.#seq < 0 && !this.#isGone && !this.#model.get("coming")) this.#resync();
  };

  #resync(): void {
    if (this.#held) return;
    this.#held = [];
    const shown = (value: unknown) => this.#events.emit("snapshot", value);
    this.ask("snapshot")
      .then(shown, () => {})
      .finally(() => this.#replay());
  }

  #replay(): void {
    const later = this.#held ?? [];
    this.#held = null;
    for (const [message, buffers] of later) this.#push(message, buffers);
  }

  readonly #hear = (message: Message, buffers: DataView[]): void => {
    if (message.k === "push") this.#push(message, buffers);
    else this.#answer(message, buffers);
  };

  #push(message: Push, buffers: DataView[]): void {
    if (message.seq <= this.#seq) return;
    // A message is missing, unless this one is a snapshot, which contains all before it.
    if (!this.#held && message.seq !== this.#seq + 1 && message.event !== "snapshot") this.#resync();
    if (this.#held) {
      this.#held.push([message, buffers]);
      return;
    }
    this.#seq = message.seq;
    this.#events.emit(message.event, unpack(message.value, buffers[0]));
  }

  #answer(message: Exclude<Message, Push>, buffers: DataView[]): void {
    const entry = this.#waiting.get(message.id);
    if (!entry) return;
    this.#waiting.delete(message.id);
    clearTimeout(entry.timer);
    if (message.k === "error") {
      entry.reject(new Error(message.message));
      return;
    }
    if (this.#held && message.seq > this.#seq) this.#seq = message.seq;
    entry.resolve(unpack(message.value, buffers[0]));
  }
}
