// The first bundle: what all views need, the views of a run and of files, and what anywidget calls for each model.
import * as curve from "./curve.js";
import * as dom from "./dom.js";
import * as files from "./files.js";
import * as format from "./format.js";
import { mount, register } from "./hydrate.js";
import { startPage } from "./page.js";
import * as palette from "./palette.js";
import * as plot from "./plot.js";
import * as run from "./run.js";
import * as source from "./source.js";
import * as status from "./status.js";
import * as ticks from "./ticks.js";
import theme from "./theme.css";

/** @type {Record<string, import("./types.js").Kind>} */
const kinds = { files, run };

// What the other bundle takes from this one, instead of bringing it along; build.js has the same list.
globalThis.__nbtrackCore = { curve, dom, format, palette, plot, source, status, ticks };

export default {
  kinds,
  /** Start what a page of to_html shows. @param {Record<string, import("./types.js").Kind>[]} more the kinds of the other bundles */
  page: (more) => startPage(Object.assign(kinds, ...more)),
  /** @param {{model: import("./types.js").Model}} context */
  initialize({ model }) {
    dom.addStyle(theme);
    const own = source.modelSource(model);
    register(kinds[own.kind], own);
    own.start();
    return () => own.close();
  },
  /** @param {{model: import("./types.js").Model, el: HTMLElement}} context the same view for each proxy of one model */
  render({ model, el }) {
    const entry = globalThis.__nbtrackViews?.get(model.get("key"));
    return entry && mount(entry, el);
  },
};
