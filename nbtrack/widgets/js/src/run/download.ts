// A file of a run, taken from the kernel to the person's disk.
import type { Ask } from "../page/source";
import { h } from "../ui/dom";
import type { FilesAsks } from "./files_protocol";

const MOST = 200_000_000;
// The browser reads the address after the click; then it is released.
const RELEASE = 10_000;

/** Downloads a file; returns its size where that is too much for the browser, and null otherwise. */
export async function download(ask: Ask<FilesAsks>, path: string): Promise<number | null> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let got = 0;
  let file = await ask("file", { path });
  if (file.size > MOST) return file.size;
  while (got < file.size && file.data.length) {
    parts.push(file.data);
    got += file.data.length;
    if (got < file.size) file = await ask("file", { path, start: got });
  }
  const href = URL.createObjectURL(new Blob(parts));
  h("a", { href, download: path.split("/").pop() ?? path }).click();
  setTimeout(() => URL.revokeObjectURL(href), RELEASE);
  return null;
}
