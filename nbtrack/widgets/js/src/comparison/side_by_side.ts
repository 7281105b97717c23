// @ts-nocheck: to be taken apart, with types of its own.
// Two runs side by side: sources, changes and environments as texts, images with a swipe.
import { choice } from "../ui/choice";
import { fill, h } from "../ui/dom";
import { clip, name } from "../ui/name";

const WHAT = { code: "cell source", diff: "uncommitted changes", packages: "packages", environment: "environment" };

function pair(store: any, draw: () => void) {
  const { ui } = store,
    options = store.labels.map((label: string, i: number) => [String(i), `${i + 1} ${clip(label, 30)}`]);
  const one = (side: "left" | "right") =>
    choice(
      options,
      String(ui[side]),
      (own) => {
        ui[side] = Number(own);
        draw();
      },
      `${side} run`,
    );
  return [one("left"), h("span", null, "beside"), one("right")];
}

export function codePart(store: any, el: HTMLElement) {
  const { ui } = store,
    tools = h("div", { class: "nbt-tools" }),
    box = h("div", { class: "nbt-wide", tabindex: "0", role: "region", "aria-label": "side by side" });
  el.append(tools, box);
  let asked = 0;
  ui.what = Object.keys(WHAT).find((what) => store.documents.some((own: string[]) => own.includes(what))) ?? "code";

  async function draw() {
    const id = ++asked,
      { what, left, right } = ui,
      known = Object.keys(WHAT).filter((own) => [left, right].some((run) => store.documents[run]?.includes(own)));
    fill(
      tools,
      choice(
        Object.entries(WHAT),
        what,
        (own) => {
          ui.what = own;
          draw();
        },
        "what",
      ),
      ...pair(store, draw),
    );
    if (!known.includes(what))
      return fill(box, h("div", { class: "nbt-empty" }, `Neither run has ${WHAT[what as "code"]}`));
    const { rows, equal } = await store.source
      .ask("diff", { what, left, right })
      .catch((error: Error) => ({ rows: null, equal: error.message }));
    if (id !== asked) return;
    if (!rows)
      return fill(
        box,
        h(
          "div",
          { class: "nbt-empty" },
          store.source.isOffline ? "This pair was not written into the page" : String(equal),
        ),
      );
    if (equal) return fill(box, h("div", { class: "nbt-empty" }, `The ${WHAT[what as "code"]} is the same`));
    const parts = (own: [string, boolean][], tag: string) =>
      own.map(([text, isChanged]) => (isChanged ? h(tag as "ins", null, text || " ") : text));
    fill(
      box,
      h(
        "table",
        { class: "nbt-sides" },
        h(
          "tbody",
          null,
          ...rows
            .slice(0, 3000)
            .map((row: any[]) =>
              row.length === 1
                ? h("tr", null, h("td", { class: "nbt-dim", colspan: "4" }, `⋯ ${row[0]} equal lines`))
                : h(
                    "tr",
                    null,
                    h("td", { class: "nbt-no" }, row[0] ?? ""),
                    h("td", { class: row[0] == null ? "nbt-none" : null }, parts(row[1], "del")),
                    h("td", { class: "nbt-no" }, row[2] ?? ""),
                    h("td", { class: row[2] == null ? "nbt-none" : null }, parts(row[3], "ins")),
                  ),
            ),
        ),
      ),
    );
  }
  draw();
  return () => {
    asked = -1;
  };
}

export function imagesPart(store: any, el: HTMLElement) {
  const { ui } = store,
    tools = h("div", { class: "nbt-tools" }),
    box = h("div"),
    urls = new Map();
  el.append(tools, box);
  let asked = 0;

  async function url(run: number, path: string) {
    const id = `${run}\0${path}`;
    if (!urls.has(id)) {
      const { data, mime } = await store.source.ask("file", { run, path });
      urls.set(id, URL.createObjectURL(new Blob([data], { type: mime })));
    }
    return urls.get(id);
  }

  const own = store.images[Math.min(ui.image, store.images.length - 1)].runs;
  if (own.length > 1 && ![ui.left, ui.right].every((run) => own.includes(run))) [ui.left, ui.right] = own;

  async function draw() {
    const id = ++asked,
      { path, runs } = store.images[Math.min(ui.image, store.images.length - 1)];
    fill(
      tools,
      choice(
        store.images.map((each: any, i: number) => [String(i), `${clip(each.path, 50)} (${each.runs.length})`]),
        String(ui.image),
        (own) => {
          ui.image = Number(own);
          draw();
        },
        "image",
      ),
      ...pair(store, draw),
    );
    const image = async (run: number) => {
      if (!runs.includes(run)) return null;
      try {
        return h("img", { src: await url(run, path), alt: `${clip(path, 80)} of ${clip(store.labels[run], 60)}` });
      } catch {
        return null;
      }
    };
    const [left, right] = await Promise.all([image(ui.left), image(ui.right)]);
    if (id !== asked) return;
    const none = (run: number) => h("div", { class: "nbt-empty" }, name(store.labels[run], 40), " does not have it");
    if (!left || !right) return fill(box, left ?? none(ui.left), right ?? none(ui.right));
    const over = h("div", { class: "nbt-over" }, right),
      stack = h("div", { class: "nbt-swipe" }, left, over);
    const cut = () => {
      over.style.clipPath = `inset(0 0 0 ${ui.swipe}%)`;
    };
    const slider = h("input", {
      type: "range",
      min: "0",
      max: "100",
      value: String(ui.swipe),
      "aria-label": "swipe between the two images",
      oninput: (e: any) => {
        ui.swipe = Number(e.target.value);
        cut();
      },
    });
    cut();
    fill(
      box,
      stack,
      slider,
      h(
        "div",
        { class: "nbt-pair" },
        h("figure", null, left.cloneNode(), h("figcaption", null, name(store.labels[ui.left], 40))),
        h("figure", null, right.cloneNode(), h("figcaption", null, name(store.labels[ui.right], 40))),
      ),
    );
  }
  draw();
  return () => {
    asked = -1;
    urls.forEach((own) => URL.revokeObjectURL(own));
  };
}
