// Handlers by event.

// What is given to a handler depends on its event: who listens states the type.
type Handler = (value: never) => void;

export class Events {
  readonly #handlers = new Map<string, Set<Handler>>();

  /** Calls a handler at each event, until what is returned is called. */
  readonly on = (event: string, handler: Handler): (() => void) => {
    const own = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, own.add(handler));
    return () => own.delete(handler);
  };

  emit(event: string, value?: unknown): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(value as never);
  }

  readonly clear = (): void => this.#handlers.clear();
}
