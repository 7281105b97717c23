// A view in a page of its own, written by to_html: its data and the answers to what can be asked are in the page.
import { addStyle } from "./dom.js";
import { register } from "./hydrate.js";
import { unpack } from "./pack.js";
import { events } from "./source.js";
import theme from "./theme.css";

/** @param {Record<string, import("./types.js").Kind>} kinds */
export async function startPage(kinds) {
  addStyle(theme);
  const bytes = Uint8Array.from(atob(document.getElementById("nbtrack-data")?.textContent ?? ""), (letter) => letter.charCodeAt(0));
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { kind, key, snapshot, answers } = decoded(await new Response(unzipped).arrayBuffer());
  const { on, emit, clear } = events();
  const ask = async (/** @type {string} */ what, /** @type {Record<string, any>} */ args = {}) => {
    const own = `${what} ${named(args)}`;
    if (own in answers) return answers[own];
    throw new Error("this is not in the page: it needs a notebook");
  };
  register(kinds[kind], { key, kind, isOffline: true, ask, on, close: clear });
  emit("snapshot", snapshot);
}

/** What is asked, as offline.py names it. @param {Record<string, any>} args */
export const named = (args) => JSON.stringify(Object.fromEntries(Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))));

/** What offline.py has encoded: the length of the JSON, the JSON, the arrays' bytes. @param {ArrayBuffer} whole */
export function decoded(whole) {
  const length = new DataView(whole).getUint32(0, true);
  return unpack(JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, length))), new DataView(whole, 4 + length));
}
