/** What a view in the browser talks to: a kernel, or the data embedded in a page. */
export interface Source {
  key: string;
  kind: string;
  /** Whether this is a saved page: no kernel answers. */
  isOffline: boolean;
  /** Ask for something; rejects with what Python said, or once the kernel is gone. */
  ask(what: string, args?: Record<string, any>): Promise<any>;
  /** Listen to "snapshot", "gone" and the events of the view; returns what ends it. */
  on(event: string, handler: (value: any) => void): () => void;
  close(): void;
}

/** A view's data in the page; `ui` keeps what the person has chosen, through scrolling away and back. */
export interface Store {
  source: Source;
  ui: Record<string, any>;
  close(): void;
  [other: string]: any;
}

/** A kind of view. */
export interface Kind {
  open(source: Source): Store;
  mount(store: Store, el: HTMLElement): () => void;
}

/** The part of anywidget's model that is used here. */
export interface Model {
  get(name: string): any;
  send(content: any): void;
  on(event: string, handler: (...args: any[]) => void): void;
  off(event: string, handler: (...args: any[]) => void): void;
}

declare global {
  var __nbtrackCore: Record<string, any> | undefined;
  var __nbtrackViews: Map<string, any> | undefined;
  var __nbtrackObserver: MutationObserver | undefined;
}
