// What a view shows, and the drawing of it: at most once a frame, by components that keep their elements.
import { type ComponentChild, render } from "preact";

/** A view's data in the page; whoever changes it calls `changed`. */
export class State {
  readonly #listeners = new Set<() => void>();

  /** Calls a listener after each change, until what is returned is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const each of [...this.#listeners]) each();
  }

  /** Forgets who listens. */
  close(): void {
    this.#listeners.clear();
  }
}

/** Calls a function in the next frame, once however often it is asked for. */
export class EachFrame {
  readonly #draw: () => void;
  #frame = 0;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  readonly soon = (): void => {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  };

  cancel(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }
}

/** Shows a view of a state in an element, now and after each change; returns what ends it. */
export function show(el: HTMLElement, state: State, view: () => ComponentChild): () => void {
  const draw = () => render(view(), el);
  const frames = new EachFrame(draw);
  const unlisten = state.listen(frames.soon);
  draw();
  return () => {
    unlisten();
    frames.cancel();
    render(null, el);
  };
}
