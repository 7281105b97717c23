// Loads the bundles that all nbtrack widgets of a kernel share, once a page, and lets them do the work.
const loaded = (globalThis.__nbtrack ??= {});
const load = (hash, asset) => (loaded[hash] ??= (async () => {
  const url = URL.createObjectURL(new Blob([(await asset()).get("code")], { type: "text/javascript" }));
  try { return (await import(url)).default; } finally { URL.revokeObjectURL(url); }
})());
// The first one has what all views need, and takes in the kinds of views of the others.
const bundle = async (model) => {
  const one = ([id, hash]) => load(hash, () => model.widget_manager.get_model(id));
  const [core, ...more] = model.get("_assets"), first = await one(core);
  for (const each of more) Object.assign(first.kinds, await one(each));
  return first;
};
export default {
  // The model of the first bundle loads it ahead of any view.
  async initialize(context) {
    const { model } = context, ahead = model.get("ahead");
    return ahead === undefined ? (await bundle(model)).initialize(context) : void (ahead && load(ahead, () => model));
  },
  async render(context) { return (await bundle(context.model)).render(context); },
};
