// How a view asks its kernel for what it shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Kernel, type Message, type Model } from "../src/page/kernel";

type Handler = (message: Message, buffers: DataView[]) => void;
const NONE = null as unknown as Message;

/** A model that keeps what is sent, and whose kernel says what `hear` is given. */
class Fake implements Model {
  readonly sent: object[] = [];
  private readonly handlers = new Map<string, Set<Handler>>();

  constructor(private readonly state: Record<string, unknown>) {}

  get = (name: string) => this.state[name];
  send = (message: object) => void this.sent.push(message);
  on = (event: string, handler: Handler) => void this.of(event).add(handler);
  off = (event: string, handler: Handler) => void this.of(event).delete(handler);

  set(name: string, value: unknown): void {
    this.state[name] = value;
    for (const handler of this.of(`change:${name}`)) handler(NONE, []);
  }

  hear(message: Message): void {
    for (const handler of this.of("msg:custom")) handler(message, []);
  }

  get asked(): string[] {
    return this.sent.map((message) => (message as { what: string }).what);
  }

  private of(event: string): Set<Handler> {
    const known = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, known);
    return known;
  }
}

function opened(coming: boolean): [Fake, Kernel, unknown[]] {
  const model = new Fake({ key: "k", kind: "runs", coming });
  const kernel = new Kernel(model);
  const seen: unknown[] = [];
  kernel.on("snapshot", (value: unknown) => seen.push(value));
  kernel.start();
  return [model, kernel, seen];
}

test("a snapshot that is on its way is not asked for", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [model, kernel, seen] = opened(true);
  t.mock.timers.tick(10_000);
  assert.deepEqual(model.asked, []);
  model.hear({ k: "push", seq: 0, event: "snapshot", value: { rows: 3 } });
  model.set("coming", false);
  assert.deepEqual(seen, [{ rows: 3 }]);
  assert.deepEqual(model.asked, []);
  kernel.close();
});

test("a snapshot that is not on its way is asked for, once a page has waited a moment or none came", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [reloaded, first] = opened(false);
  const [failed, second] = opened(true);
  t.mock.timers.tick(1000);
  assert.deepEqual(reloaded.asked, ["snapshot"]);
  assert.deepEqual(failed.asked, []);
  failed.set("coming", false);
  assert.deepEqual(failed.asked, ["snapshot"]);
  first.close();
  second.close();
});

test("after a message that was lost a snapshot is asked for, and what comes meanwhile is shown after it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [model, kernel, seen] = opened(true);
  kernel.on("frame", (value: unknown) => seen.push(value));
  model.hear({ k: "push", seq: 0, event: "snapshot", value: "first" });
  model.hear({ k: "push", seq: 2, event: "frame", value: "early" });
  model.hear({ k: "push", seq: 3, event: "frame", value: "late" });
  const { id } = model.sent[0] as { id: string };
  model.hear({ k: "answer", id, seq: 2, value: "second" });
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(seen, ["first", "second", "late"]);
  kernel.close();
});

test("what is asked of a kernel that is gone fails", async () => {
  const [, kernel] = opened(true);
  const asked = assert.rejects(kernel.ask("list"), /the kernel is gone/);
  kernel.close();
  await asked;
  await assert.rejects(kernel.ask("list"), /the kernel is gone/);
});
