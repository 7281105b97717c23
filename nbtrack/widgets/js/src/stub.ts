// What each widget brings along: it loads the bundles that all widgets of a kernel share, once a page.
import type { Model } from "./page/kernel";
import type { Kind } from "./page/views";

/** What anywidget calls with a model, and with an element that shows it. */
interface Context {
  model: WidgetModel;
  el: HTMLElement;
}

interface WidgetModel extends Model {
  widget_manager: { get_model(id: string): Promise<WidgetModel> };
}

interface Bundle {
  kinds: Record<string, Kind>;
  initialize(context: Context): unknown;
  render(context: Context): unknown;
}

/** A bundle's model, and the hash of its code. */
type Asset = [id: string, hash: string];

declare global {
  var __nbtrack: Record<string, Promise<Bundle>> | undefined;
}

globalThis.__nbtrack ??= {};
const loaded = globalThis.__nbtrack;

async function imported(model: WidgetModel): Promise<Bundle> {
  const code = model.get("code") as string;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function bundle(model: WidgetModel): Promise<Bundle> {
  const one = ([id, hash]: Asset) => {
    loaded[hash] ??= model.widget_manager.get_model(id).then(imported);
    return loaded[hash];
  };
  const [core, ...more] = model.get("_assets") as [Asset, ...Asset[]];
  const first = await one(core);
  // The first bundle has what all views need, and is given the kinds of views of the others.
  for (const each of more) Object.assign(first.kinds, await one(each));
  return first;
}

export default {
  async initialize(context: Context) {
    const { model } = context;
    const ahead = model.get("ahead") as string | undefined;
    if (ahead === undefined) return (await bundle(model)).initialize(context);
    // The model of the first bundle loads it ahead of any view.
    if (ahead) loaded[ahead] ??= imported(model);
    return undefined;
  },
  async render(context: Context) {
    return (await bundle(context.model)).render(context);
  },
};
