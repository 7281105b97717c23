// @ts-nocheck: to be taken apart, with types of its own.
// Two columns of compared runs against each other, a third one as colour; a rectangle selects.
import { colorOf, shade } from "../chart/palette";
import { written as text } from "../data/columns";
import { scale, spansDecades } from "../data/scale";
import { choice } from "../ui/choice";
import { fill, h, s } from "../ui/dom";
import { clip } from "../ui/name";

/** The columns that make an axis: those with more than one value. */
export function axes(store: any) {
  return store.columns
    .filter((c: any) => ["param", "metric"].includes(c.group) || c.id === "duration")
    .filter((c: any) => (c.v ?? c.codes).some((value: number) => (c.v ? !Number.isNaN(value) : value >= 0)));
}

/** The metric that tells most: one that is better high or low, and that most runs have. */
export function telling(columns: any[]) {
  const worth = (c: any) => c.v.filter(Number.isFinite).length * (c.better ? 10 : 1);
  return columns.filter((c) => c.group === "metric").sort((a, b) => worth(b) - worth(a))[0];
}

export function scatter(store: any, el: HTMLElement) {
  const { ui } = store,
    all = axes(store),
    tools = h("div", { class: "nbt-tools" }),
    box = h("div", { class: "nbt-draw" });
  el.append(tools, box);
  const byId = (id: string) => all.find((c: any) => c.id === id);
  const differing = all.filter((c: any) => new Set((c.v ?? c.codes).map(String)).size > 1 && c.group === "param");
  ui.x ||= (differing[0] ?? all[0])?.id ?? "";
  ui.y ||= (telling(all) ?? all[1] ?? all[0])?.id ?? "";

  function draw() {
    const options = all.map((c: any) => [c.id, clip(c.id.replace(/^(params|metrics)\./, ""), 40)]),
      x = byId(ui.x),
      y = byId(ui.y),
      color = byId(ui.color);
    const set = (what: string) => (value: string) => {
      ui[what] = value;
      draw();
    };
    fill(
      tools,
      h("label", null, "x", choice(options, ui.x, set("x"), "horizontal")),
      h("label", null, "y", choice(options, ui.y, set("y"), "vertical")),
      h("label", null, "colour", choice([["", "run"], ...options], ui.color, set("color"), "colour")),
      h("span", { class: "nbt-dim" }, "drag a rectangle to select runs"),
    );
    if (!x || !y)
      return fill(box, h("div", { class: "nbt-empty" }, "Nothing to draw: the runs have no params or metrics"));
    const width = Math.max(260, Math.min(760, box.clientWidth || 600)),
      height = 300,
      left = 64,
      bottom = 34,
      right = 16,
      top = 10;
    const sx = scale(x, spansDecades(x)),
      sy = scale(y, spansDecades(y)),
      sc = color && scale(color, spansDecades(color));
    const px = (place: number) => left + place * (width - left - right),
      py = (place: number) => height - bottom - place * (height - bottom - top);
    const points = store.ids
      .map((_: string, i: number) => [i, px(sx.at(i)), py(sy.at(i))])
      .filter(([, a, b]: number[]) => Number.isFinite(a) && Number.isFinite(b));
    const title = (i: number) =>
      [store.labels[i], ...[x, y, color].filter(Boolean).map((c) => `${c.name} = ${text(c, i, store.now)}`)]
        .join("\n")
        .slice(0, 600);
    const brush = s("rect", { class: "nbt-brush", hidden: "" });
    const svg = s(
      "svg",
      {
        width,
        height,
        role: "group",
        "aria-label": `${clip(y.name, 60)} against ${clip(x.name, 60)} of ${points.length} runs`,
        onpointerdown: drag,
      },
      sx.ticks
        .slice(0, 12)
        .map(([place, label]) =>
          s("text", { x: px(place), y: height - bottom + 16, "text-anchor": "middle" }, clip(label, 12)),
        ),
      sy.ticks
        .slice(0, 16)
        .flatMap(([place, label]) => [
          s("line", { x1: left, x2: width - right, y1: py(place), y2: py(place) }),
          s("text", { x: left - 6, y: py(place) + 4, "text-anchor": "end" }, clip(label, 9)),
        ]),
      s(
        "text",
        { x: (left + width) / 2, y: height - 2, "text-anchor": "middle", class: "nbt-dim" },
        clip(x.name, 60) + (sx.isLog ? " (log)" : ""),
      ),
      s("text", { x: 4, y: 10, class: "nbt-dim" }, clip(y.name, 60) + (sy.isLog ? " (log)" : "")),
      points.map(([i, a, b]: number[]) =>
        s(
          "circle",
          {
            cx: a,
            cy: b,
            r: store.selected.has(i) ? 7 : 5,
            fill: sc ? shade(sc.at(i)) : colorOf(i),
            opacity: store.stands(i) ? 0.9 : 0.2,
            tabindex: 0,
            role: "button",
            "aria-pressed": String(store.selected.has(i)),
            "aria-label": title(i),
            onkeydown: (e: KeyboardEvent) => {
              if (e.key === "Enter" || e.key === " ") store.toggle(i), e.preventDefault(), e.stopPropagation();
            },
          },
          s("title", {}, title(i)),
        ),
      ),
      brush,
    );
    const at = [...box.querySelectorAll("circle")].indexOf(document.activeElement as any);
    fill(box, svg);
    (box.querySelectorAll("circle")[at] as any)?.focus();

    function drag(e: PointerEvent) {
      const origin = svg.getBoundingClientRect(),
        x0 = e.clientX - origin.left,
        y0 = e.clientY - origin.top;
      let area = [x0, y0, x0, y0],
        isDragged = false;
      const move = (m: PointerEvent) => {
        const x1 = m.clientX - origin.left,
          y1 = m.clientY - origin.top;
        isDragged ||= Math.hypot(x1 - x0, y1 - y0) > 4;
        area = [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
        brush.removeAttribute("hidden");
        for (const [key, value] of Object.entries({
          x: area[0],
          y: area[1],
          width: area[2] - area[0],
          height: area[3] - area[1],
        }))
          brush.setAttribute(key, String(value));
      };
      const done = () => {
        document.removeEventListener("pointermove", move);
        document.removeEventListener("pointerup", done);
        const near = points
          .map(([i, a, b]: number[]) => [i, Math.hypot(a - x0, b - y0)])
          .sort((a: number[], b: number[]) => a[1] - b[1])[0];
        if (!isDragged) near && near[1] < 10 ? store.toggle(near[0]) : store.select([]);
        else
          store.select(
            points
              .filter(([, a, b]: number[]) => a >= area[0] && a <= area[2] && b >= area[1] && b <= area[3])
              .map(([i]: number[]) => i),
          );
      };
      document.addEventListener("pointermove", move);
      document.addEventListener("pointerup", done);
      e.preventDefault();
    }
  }

  store.listeners.add(draw);
  const resized = new ResizeObserver(() => draw());
  resized.observe(box);
  return () => {
    store.listeners.delete(draw);
    resized.disconnect();
  };
}
