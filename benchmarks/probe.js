// What browser.py measures with in the page: times are milliseconds since the epoch, so that Python's can be set beside them.
window.bench = (() => {
  const now = () => performance.timeOrigin + performance.now();
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const afterPaint = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(now());
    port2.postMessage(null);
  }));
  /** Messages of widgets: when, to or from the kernel, what, which. */
  let heard = [];

  return {
    now, afterPaint, frame,
    listen() {
      heard = [];
      window.panel.sessionContext.session.kernel.anyMessage.connect((_, { msg, direction }) => {
        const { content } = msg;
        const own = content.data?.content ?? content.data ?? {};
        if (/comm_msg|comm_open|display_data|execute_result/.test(msg.header.msg_type))
          heard.push({ at: now(), direction, type: msg.header.msg_type, k: own.k, event: own.event, what: own.what, id: own.id, html: !!content.data?.["text/html"] });
      });
    },
    heard: () => heard,
    forget() { heard = []; },
    /** When an element that answers to a selector, and to a test of it, is painted. */
    async seen(selector, test = () => true, seconds = 60) {
      const end = now() + seconds * 1000;
      while (now() < end) {
        if ([...document.querySelectorAll(selector)].some(test)) return afterPaint();
        await frame();
      }
      throw new Error(`${selector} has not been seen`);
    },
    /** Run a cell and tell when it began, and when the live view, its first curve and its words were painted. */
    firstPaint(i) {
      const began = now(), old = new Set(document.querySelectorAll(".nbt-live, .nbt-live canvas"));
      const isNew = (el) => !old.has(el);
      const view = this.seen(".nbt-live", (el) => isNew(el) && el.querySelector(".nbt-status"));
      const curve = this.seen(".nbt-live canvas", isNew);
      return Promise.all([view, curve]).then(([one, two]) => ({ view: one - began, curve: two - began }));
    },
    /** When each whole number of a metric was painted in a legend first. */
    async marks(selector, key, seconds) {
      const found = {}, end = now() + seconds * 1000;
      while (now() < end) {
        await frame();
        for (const el of document.querySelectorAll(selector)) {
          const [, value] = new RegExp(`${key}\\s+(\\d+)`).exec(el.textContent) ?? [];
          if (value !== undefined && !(value in found)) { found[value] = 0; afterPaint().then((at) => (found[value] = at)); }
        }
      }
      await afterPaint();
      return found;
    },
    /** Milliseconds between frames while an element is scrolled. */
    async scroll(selector, dx, dy, frames) {
      const el = document.querySelector(selector), out = [];
      el.scrollLeft = el.scrollTop = 0;
      await frame(); await frame();
      let last = performance.now();
      for (let i = 0; i < frames; i++) {
        el.scrollBy(dx, dy);
        await frame();
        const at = performance.now();
        out.push(at - last);
        last = at;
      }
      return out;
    },
    /** Milliseconds until what a function does is painted, and its asks are answered. */
    async until(act, isDone) {
      const began = now();
      act();
      await frame();
      while (!isDone()) { await frame(); if (now() - began > 60_000) throw new Error("not done"); }
      return (await afterPaint()) - began;
    },
    /** Whether all that was asked since `forget` has been answered. */
    answered(least = 1) {
      const asked = heard.filter((m) => m.k === "ask" && m.what !== "sparks" && m.what !== "select" && m.what !== "layout"), back = new Set(heard.filter((m) => m.k === "answer" || m.k === "error").map((m) => m.id));
      return asked.length >= least && asked.every((m) => back.has(m.id));
    },
  };
})();
