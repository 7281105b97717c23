// The first bundle: what all views need, the views of a run and of files, and what anywidget calls for each model.
import { Kernel, type Model } from "./page/kernel";
import { startPage } from "./page/saved";
import { addStyles } from "./page/styles";
import { type Kind, mount, register, viewOf } from "./page/views";
import * as files from "./run/files";
import * as run from "./run/run";

const kinds: Record<string, Kind> = { files, run };

export default {
  /** The kinds of views; Python's stub adds those of the other bundle. */
  kinds,
  /** Starts what a page of to_html shows, with the kinds of the other bundles. */
  page: (more: Record<string, Kind>[]) => startPage(Object.assign(kinds, ...more)),
  /** Called once for each model. */
  initialize({ model }: { model: Model }) {
    addStyles();
    const kernel = new Kernel(model);
    register(kinds[kernel.kind]!, kernel);
    kernel.start();
    return kernel.close;
  },
  /** Called for each output that shows a model. */
  render({ model, el }: { model: Model; el: HTMLElement }) {
    const view = viewOf(model.get("key") as string);
    return view && mount(view, el);
  },
};
