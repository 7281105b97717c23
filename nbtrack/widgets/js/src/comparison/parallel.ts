// @ts-nocheck: to be taken apart, with types of its own.
// Parallel coordinates: a line a run across an axis a column; a stretch of an axis selects.
import { colorOf, shade } from "../chart/palette";
import { differs } from "../data/columns";
import { scale, spansDecades } from "../data/scale";
import { choice } from "../ui/choice";
import { fill, h, s } from "../ui/dom";
import { clip } from "../ui/name";
import { axes, telling } from "./scatter";

const MOST = 10,
  HEIGHT = 280,
  TOP = 34,
  BOTTOM = 16;

export function parallel(store: any, el: HTMLElement) {
  const { ui } = store,
    tools = h("div", { class: "nbt-tools" }),
    box = h("div", { class: "nbt-draw" });
  const all = store.ids.map((_: string, i: number) => i),
    candidates = axes(store).filter((c: any) => differs(c, all));
  ui.axes ??= [
    ...candidates.filter((c: any) => c.group === "param").slice(0, 6),
    ...candidates.filter((c: any) => c.group === "metric").slice(0, 3),
  ]
    .slice(0, MOST)
    .map((c: any) => c.id);
  ui.shade ??= telling(candidates)?.id ?? "";
  el.append(tools, box);
  const y = (place: number) => HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM),
    back = (at: number) => (HEIGHT - BOTTOM - at) / (HEIGHT - TOP - BOTTOM);

  /** Select the runs that go through all brushes. */
  function brushed() {
    const wanted = Object.entries(ui.brushes)
      .filter(([id]) => ui.axes.includes(id))
      .map(([id, range]) => {
        const c = candidates.find((own: any) => own.id === id);
        return [scale(c, spansDecades(c)), range];
      });
    store.select(
      wanted.length
        ? all.filter((i: number) => wanted.every(([own, [lo, hi]]) => own.at(i) >= lo - 1e-9 && own.at(i) <= hi + 1e-9))
        : [],
    );
  }

  function draw() {
    const shown = ui.axes.map((id: string) => candidates.find((c: any) => c.id === id)).filter(Boolean),
      tint = candidates.find((c: any) => c.id === ui.shade);
    const options = candidates.map((c: any) => [c.id, clip(c.name, 40)] as [string, string]);
    fill(
      tools,
      h(
        "label",
        null,
        "colour",
        choice(
          [["", "run"], ...options],
          ui.shade,
          (own) => {
            ui.shade = own;
            draw();
          },
          "colour",
        ),
      ),
      h(
        "label",
        null,
        "axis",
        choice(
          [
            ["", "add or remove …"],
            ...options.map(
              ([id, label]: [string, string]) =>
                [id, `${ui.axes.includes(id) ? "✓ " : ""}${label}`] as [string, string],
            ),
          ],
          "",
          (own) => {
            ui.axes = ui.axes.includes(own)
              ? ui.axes.filter((id: string) => id !== own)
              : [...ui.axes, own].slice(-MOST);
            draw();
          },
          "axes",
        ),
      ),
      h("span", { class: "nbt-dim" }, "drag along an axis to select runs"),
      Object.keys(ui.brushes).length > 0 &&
        h(
          "button",
          {
            onclick: () => {
              ui.brushes = {};
              brushed();
            },
          },
          "Clear brushes",
        ),
    );
    if (shown.length < 2)
      return fill(box, h("div", { class: "nbt-empty" }, "Fewer than two params or metrics differ among these runs"));
    const width = Math.max(280, box.clientWidth || 600),
      x = (i: number) => 60 + (i * (width - 120)) / (shown.length - 1),
      scales = shown.map((c: any) => scale(c, spansDecades(c))),
      sc = tint && scale(tint, spansDecades(tint));
    const line = (run: number) =>
      scales
        .map((own: any, i: number) => [x(i), own.at(run)])
        .filter(([, place]: number[]) => Number.isFinite(place))
        .map(([a, place]: number[], j: number) => `${j ? "L" : "M"}${a.toFixed(1)} ${y(place).toFixed(1)}`)
        .join("");
    const focused = box.querySelector(":focus")?.getAttribute("data-id");
    fill(
      box,
      s(
        "svg",
        { width, height: HEIGHT, role: "group", "aria-label": `parallel coordinates of ${store.ids.length} runs` },
        [...all]
          .sort((a, b) => Number(store.stands(a)) - Number(store.stands(b)))
          .map((run) =>
            s(
              "path",
              {
                d: line(run),
                class: "nbt-line",
                stroke: sc ? shade(sc.at(run)) : colorOf(run),
                opacity: store.stands(run) ? 0.85 : 0.12,
                "stroke-width": store.selected.has(run) ? 2 : 1.25,
                onclick: () => store.toggle(run),
              },
              s("title", {}, clip(store.labels[run], 80)),
            ),
          ),
        shown.map((c: any, i: number) => axis(c, scales[i], x(i), i)),
      ),
    );
    if (focused)
      ([...box.querySelectorAll("[data-id]")].find((own) => own.getAttribute("data-id") === focused) as any)?.focus();
  }

  function axis(c: any, own: any, x: number, i: number) {
    const range = ui.brushes[c.id],
      ticks =
        own.ticks.length > 9
          ? own.ticks.filter((_: any, j: number) => j % Math.ceil(own.ticks.length / 9) === 0)
          : own.ticks;
    return s(
      "g",
      {
        tabindex: 0,
        role: "slider",
        "data-id": c.id,
        "aria-label":
          `${clip(c.name, 60)}: up and down move the selected stretch, ` +
          "with shift they grow and shrink it, Escape clears it",
        "aria-valuetext": range ? `${Math.round(range[0] * 100)} to ${Math.round(range[1] * 100)} percent` : "all",
        "aria-valuenow": range ? Math.round(range[0] * 100) : 0,
        class: "nbt-axis",
        onkeydown: (e: KeyboardEvent) => key(e, c.id),
        onpointerdown: (e: PointerEvent) => drag(e, c.id),
      },
      s("rect", { x: x - 14, y: TOP - 6, width: 28, height: HEIGHT - TOP - BOTTOM + 12, fill: "transparent" }),
      s("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }),
      range &&
        s("rect", {
          class: "nbt-brush",
          x: x - 7,
          y: y(range[1]),
          width: 14,
          height: Math.max(2, y(range[0]) - y(range[1])),
        }),
      ticks.map(([place, label]: [number, string]) => s("text", { x: x + 5, y: y(place) + 4 }, clip(label, 10))),
      s(
        "text",
        { x, y: i % 2 ? 26 : 12, "text-anchor": "middle", class: "nbt-name" },
        clip(c.name, Math.max(8, Math.floor(900 / ui.axes.length / 7))) + (own.isLog ? " (log)" : ""),
        s("title", {}, clip(c.id, 200)),
      ),
    );
  }

  function key(e: KeyboardEvent, id: string) {
    const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[e.key],
      [lo, hi] = ui.brushes[id] ?? [0.4, 0.6];
    if (e.key === "Escape") delete ui.brushes[id];
    else if (by && e.shiftKey) ui.brushes[id] = [Math.max(0, lo - by / 2), Math.min(1, Math.max(lo, hi + by / 2))];
    else if (by) {
      const move = Math.max(-lo, Math.min(1 - hi, by));
      ui.brushes[id] = [lo + move, hi + move];
    } else return;
    e.preventDefault();
    e.stopPropagation();
    brushed();
  }

  function drag(e: PointerEvent, id: string) {
    const origin = box.getBoundingClientRect().top,
      place = (m: PointerEvent) => Math.max(0, Math.min(1, back(m.clientY - origin))),
      from = place(e);
    delete ui.brushes[id];
    const move = (m: PointerEvent) => {
      const to = place(m);
      if (Math.abs(to - from) > 0.01) (ui.brushes[id] = [Math.min(from, to), Math.max(from, to)]), draw();
    };
    const done = () => {
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", done);
      brushed();
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", done);
    e.preventDefault();
  }

  store.listeners.add(draw);
  const resized = new ResizeObserver(() => draw());
  resized.observe(box);
  return () => {
    store.listeners.delete(draw);
    resized.disconnect();
  };
}
