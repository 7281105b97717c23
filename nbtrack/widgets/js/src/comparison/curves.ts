// @ts-nocheck: to be taken apart, with types of its own.
// The curves of compared runs: a chart a metric, all runs in it, as lines or, grouped, as mean and spread.
import { Chart } from "../chart/chart";
import { colorOf } from "../chart/palette";
import { grouped, written as text } from "../data/columns";
import { meanBand, middles, nearest, smooth } from "../data/curve";
import { number } from "../data/format";
import { choice } from "../ui/choice";
import { fill, h } from "../ui/dom";
import { clip, name } from "../ui/name";

const FIRST = 12;

export function curvesPart(store: any, el: HTMLElement) {
  const { ui, source } = store,
    tools = h("div", { class: "nbt-tools", role: "toolbar" }),
    charts = h("div", { class: "nbt-charts" });
  const metrics = store.columns
    .filter((c: any) => c.group === "metric" && store.stats[c.name]?.count.some((n: number) => n > 1))
    .map((c: any) => c.name);
  const canAsk = () => !source.isOffline && !store.isGone;
  el.append(tools, charts);
  let cards: any[] = [];
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const card = cards.find((own) => own.el === target);
        if (card) (card.isSeen = isIntersecting), isIntersecting && card.draw();
      }
    },
    { rootMargin: "150px" },
  );

  const drawAll = (keys?: string[]) =>
    cards.forEach((card) => card.isSeen && (!keys || keys.includes(card.key)) && card.draw());

  /** Groups of runs: each by itself, or those with the same value of a param. */
  function groups() {
    const c = store.columns.find((own: any) => own.id === ui.group),
      all = store.ids.map((_: string, i: number) => i);
    if (!c) return all.map((i: number) => ({ runs: [i], label: store.labels[i], color: colorOf(i) }));
    return grouped(all, c).map((runs, i) => ({
      runs,
      label: text(c, runs[0], store.now) || "none",
      color: colorOf(i),
    }));
  }

  let wanted: { key: string; id: string }[] = [];
  let zoomed = "";

  /** Ask for what the charts want: the one zoomed in, or the first, then the others by fours. */
  function askWanted() {
    const all = wanted.sort((a, b) => Number(b.key === zoomed) - Number(a.key === zoomed)),
      rest = canAsk() ? 4 : 1;
    wanted = [];
    for (let from = 0; from < all.length; from += from ? rest : 1) askFor(all.slice(from, from ? from + rest : 1));
  }

  function askFor(some: { key: string; id: string }[]) {
    const keys = some.map(({ key }) => key);
    const args = ui.axis.startsWith("=")
      ? { x: ui.axis.slice(1), keys }
      : { keys, ...(ui.zoom ? { by: ui.axis, lo: ui.zoom[0], hi: ui.zoom[1] } : {}) };
    source.ask(ui.axis.startsWith("=") ? "against" : "curves", args).then(
      (answer: any) => {
        for (const { key, id } of some)
          store.curves.set(
            id,
            answer.series.filter((each: any) => each.key === key),
          );
        // Details of places that were looked at before are not kept for ever.
        for (const own of store.curves.keys())
          if (store.curves.size > 80 && !some.some(({ id }) => id === own) && !own.endsWith("null]"))
            store.curves.delete(own);
        drawAll(keys);
      },
      () => {},
    );
  }

  /** The points of a metric, by run; asked for once for each range and axis. */
  function series(key: string): any[] | null {
    // Steps and times come together, so that a change of the axis asks for nothing.
    const axis = ui.axis === "time" && !ui.zoom ? "step" : ui.axis;
    const id = JSON.stringify([key, axis, ui.zoom]),
      whole = JSON.stringify([key, axis === "time" ? "step" : axis, null]);
    if (!store.curves.has(id) && (canAsk() || !ui.zoom)) {
      store.curves.set(id, null);
      if (!wanted.length) queueMicrotask(askWanted);
      wanted.push({ key, id });
    }
    return store.curves.get(id) ?? store.curves.get(whole) ?? null;
  }

  function card(key: string) {
    const said = h("div", { class: "nbt-said", hidden: true }),
      box = h("div", { class: "nbt-card" }, h("div", { class: "nbt-legend" }, h("b", null, name(key, 50))));
    const plot = new Chart(box, {
      label: `chart of ${clip(key, 80)}, all runs: arrows move the crosshair, + and - zoom, 0 resets`,
      height: 190,
      onZoom: (range) => {
        zoomed = key;
        zoom(range);
      },
      onCursor: cursor,
    });
    box.append(said);
    let drawn: any[] = [];
    const own = {
      el: box,
      key,
      isSeen: false,
      draw() {
        const found = series(key);
        box.setAttribute("aria-busy", String(!found));
        if (!found) return;
        const curves = found.map((s) => ({
            ...s,
            x: ui.axis === "time" ? s.t : s.x,
            y: smooth(s.y, s.y.length > 3 ? ui.smooth : 0, s.total > s.y.length),
          })),
          bands = [];
        drawn = [];
        for (const group of groups()) {
          const mine = curves.filter((s) => group.runs.includes(s.run)),
            stands = group.runs.some(store.stands);
          if (group.runs.length > 1 && ui.group) {
            const band = meanBand(
              ui.smooth > 0 ? mine : mine.map((s) => (s.total > s.y.length ? { ...s, y: middles(s.y) } : s)),
            );
            bands.push({ ...band, color: group.color });
            drawn.push({
              x: band.x,
              y: band.mean,
              color: group.color,
              width: 2,
              alpha: stands ? 1 : 0.2,
              label: group.label,
              n: band.n,
              of: mine.length,
            });
          } else
            for (const s of mine) {
              if (ui.smooth && found.length < 6 && s.y.length > 3)
                drawn.push({
                  x: s.x,
                  y: found.find((raw) => raw.run === s.run).y,
                  color: group.color,
                  width: 1,
                  alpha: 0.25,
                  faint: true,
                });
              drawn.push({
                x: s.x,
                y: s.y,
                color: group.color,
                width: store.selected.has(s.run) ? 2.25 : 1.5,
                alpha: stands ? 1 : 0.15,
                label: group.label,
                run: s.run,
              });
            }
        }
        const full = drawn.filter((line) => line.x.length);
        const range =
          ui.zoom ??
          (full.length
            ? [Math.min(...full.map(({ x }) => x[0])), Math.max(...full.map(({ x }) => x[x.length - 1]))]
            : [0, 1]);
        plot.update({
          lines: drawn,
          bands,
          range: range as [number, number],
          isLog: ui.log,
          axis: ui.axis === "time" ? "time" : ui.axis === "step" ? "step" : "value",
        });
      },

      cursor(at: number | null) {
        plot.cursor(at);
        said.hidden = at == null;
        if (at == null) return;
        const values = drawn
          .filter((line) => line.label != null && line.x.length)
          .map((line) => {
            const i = nearest(line.x, at);
            return { ...line, value: line.y[i], here: line.n?.[i] };
          })
          .filter((line) => Number.isFinite(line.value) && line.alpha === 1)
          .sort((a, b) => b.value - a.value);
        fill(
          said,
          h(
            "div",
            null,
            ui.axis === "time" ? `${number(at, 4)} s` : number(ui.axis === "step" ? Math.round(at) : at, 5),
          ),
          ...values
            .slice(0, 8)
            .map((line) =>
              h(
                "div",
                null,
                h("span", { class: "nbt-key", style: { borderColor: line.color } }),
                name(line.label, 22),
                ` ${number(line.value, 4)}`,
                line.n &&
                  h(
                    "span",
                    { class: "nbt-dim" },
                    line.here < line.of ? ` mean of ${line.here} of ${line.of} runs` : ` mean of ${line.of}`,
                  ),
              ),
            ),
          values.length > 8 && h("div", { class: "nbt-dim" }, `and ${values.length - 8} more`),
        );
      },
      redraw: () => plot.redraw(),
      destroy() {
        seen.unobserve(box);
        plot.destroy();
      },
    };
    return own;
  }

  function zoom(range: [number, number] | null) {
    ui.zoom = range;
    drawTools();
    drawAll();
  }

  function cursor(at: number | null) {
    for (const own of cards) if (own.isSeen) own.cursor(at);
  }

  function drawTools() {
    const groups_ = store.columns
      .filter((c: any) => ["param", "tag"].includes(c.group))
      .map((c: any) => [c.id, clip(c.name, 40)]);
    const axes = [
      ["step", "step"],
      ["time", "time"],
      ...(canAsk() ? metrics.slice(0, 100).map((key: string) => ["=" + key, clip(key, 40)]) : []),
    ];
    fill(
      tools,
      h(
        "label",
        null,
        "smooth",
        h("input", {
          type: "range",
          min: "0",
          max: "0.99",
          step: "0.01",
          value: String(ui.smooth),
          "aria-label": "smoothing",
          oninput: (e: any) => {
            ui.smooth = Number(e.target.value);
            drawAll();
          },
        }),
      ),
      h(
        "label",
        null,
        "x",
        choice(
          axes,
          ui.axis,
          (own) => {
            ui.axis = own;
            zoom(null);
          },
          "horizontal axis",
        ),
      ),
      h(
        "label",
        null,
        h("input", {
          type: "checkbox",
          checked: ui.log,
          onchange: (e: any) => {
            ui.log = e.target.checked;
            drawAll();
          },
        }),
        "log",
      ),
      h(
        "label",
        null,
        "mean by",
        choice(
          [["", "no group"], ...groups_],
          ui.group,
          (own) => {
            ui.group = own;
            drawTools();
            drawAll();
          },
          "group runs by",
        ),
      ),
      ui.zoom && h("button", { onclick: () => zoom(null) }, "Reset zoom"),
      metrics.length > cards.length &&
        h("button", { onclick: () => more(metrics.length) }, `Show all ${metrics.length} charts`),
      ui.group &&
        h(
          "span",
          { class: "nbt-legend" },
          ...groups()
            .slice(0, 12)
            .map((group: any) =>
              h(
                "button",
                { onclick: () => store.select(group.runs), title: "Select these runs" },
                h("span", { class: "nbt-key", style: { borderColor: group.color } }),
                name(group.label, 20),
                h("span", { class: "nbt-dim" }, ` ${group.runs.length}`),
              ),
            ),
        ),
    );
  }

  function more(most: number) {
    for (const key of metrics.slice(cards.length, most)) {
      const own = card(key);
      cards.push(own);
      charts.append(own.el);
      seen.observe(own.el);
    }
    drawTools();
  }

  more(FIRST);
  if (!metrics.length) charts.append(h("div", { class: "nbt-empty" }, "None of these runs has a curve"));
  const drawn = () => drawAll();
  store.listeners.add(drawn);
  const themed = new MutationObserver(() => cards.forEach((own) => own.redraw()));
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  return () => {
    store.listeners.delete(drawn);
    themed.disconnect();
    seen.disconnect();
    cards.forEach((own) => own.destroy());
    cards = [];
  };
}
