// A view in a page of its own, written by to_html: its data and the answers to what can be asked are in the page.
import { type Tree, unpack } from "../data/pack";
import { Events } from "./events";
import { addStyles } from "./styles";
import { type Kind, register } from "./views";

interface Saved {
  kind: string;
  key: string;
  snapshot: unknown;
  answers: Record<string, unknown>;
}

/** Shows the view whose data is in this page. */
export async function startPage(kinds: Record<string, Kind>): Promise<void> {
  addStyles();
  const base64 = document.getElementById("nbtrack-data")?.textContent ?? "";
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { kind, key, snapshot, answers } = decoded<Saved>(await new Response(unzipped).arrayBuffer());
  const events = new Events();
  const ask = async (what: string, args: object = {}) => {
    const name = `${what} ${named(args)}`;
    if (name in answers) return answers[name];
    throw new Error("this is not in the page: it needs a notebook");
  };
  const onGone = () => () => {};
  register(kinds[kind]!, { key, kind, isOffline: true, ask, on: events.on, onGone, close: events.clear });
  events.emit("snapshot", snapshot);
}

/** The arguments of a request as Python's export names them: JSON with sorted keys. */
export const named = (args: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))));

/** What Python's export has encoded: the length of the JSON, the JSON, the arrays' bytes. */
export function decoded<T>(whole: ArrayBuffer): T {
  const length = new DataView(whole).getUint32(0, true);
  const tree: Tree = JSON.parse(new TextDecoder().decode(new Uint8Array(whole, 4, length)));
  return unpack(tree, new DataView(whole, 4 + length));
}
