// Where a view gets its data from: a kernel, or the data embedded in a page.

/** What a view asks and what it is told: names on the wire, with the types of their values. */
export interface Protocol {
  asks: Record<string, { args: object; answer: unknown }>;
  /** "snapshot" is all there is to show. */
  events: Record<string, unknown>;
}

type Name<T> = keyof T & string;
/** Asks the kernel; rejects with what Python said, or once the kernel is gone. */
export type Ask<Asks extends Protocol["asks"]> = <What extends Name<Asks>>(
  what: What,
  args?: Asks[What]["args"],
) => Promise<Asks[What]["answer"]>;

export interface Source<P extends Protocol = Protocol> {
  /** Which view it is of; the slots of a notebook's outputs name it. */
  readonly key: string;
  readonly kind: string;
  /** Whether this is a saved page: no kernel answers. */
  readonly isOffline: boolean;
  readonly ask: Ask<P["asks"]>;
  /** Listens to an event, until what is returned is called. */
  on<Event extends Name<P["events"]>>(event: Event, handler: (value: P["events"][Event]) => void): () => void;
  /** Calls a handler once the kernel is gone. */
  onGone(handler: () => void): () => void;
  close(): void;
}
