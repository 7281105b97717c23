// What is in a file: an image, sound, a table, JSON or text, as far as a browser can show it.
import { Component } from "preact";
import { size } from "../data/format";
import type { Ask } from "../page/source";
import type { FilePart, FilesAsks, TablePage } from "./files_protocol";
import { Json } from "./json";
import { readRows, Table } from "./table";

const MOST_SHOWN = 4_000_000;
const MOST_TEXT = 200_000;
/** So much of a file tells whether it is text. */
const PROBE = 4000;
const TABLES = ["csv", "tsv", "parquet"];

interface Props {
  ask: Ask<FilesAsks>;
  path: string;
}

type Content = { table: TablePage } | { file: FilePart; url: string } | { error: string };
interface Loaded {
  content: Content | null;
}

const endingOf = (path: string) => path.toLowerCase().split(".").pop() ?? "";
const isMedia = (mime: string) => /^(image|audio|video)\//.test(mime);

/** The content of one file; another file is another component. */
export class Preview extends Component<Props, Loaded> {
  override state: Loaded = { content: null };
  #url = "";
  #isClosed = false;

  override async componentDidMount(): Promise<void> {
    const content = await this.#read().catch((error: Error) => ({ error: error.message }));
    if (!this.#isClosed) this.setState({ content });
  }

  override componentWillUnmount(): void {
    this.#isClosed = true;
    URL.revokeObjectURL(this.#url);
  }

  override render({ ask, path }: Props, { content }: Loaded) {
    if (!content) return <div class="nbt-dim">…</div>;
    if ("error" in content) return <div class="nbt-error">{content.error}</div>;
    if ("table" in content) return <Table ask={ask} path={path} page={content.table} />;
    return <File file={content.file} url={content.url} />;
  }

  async #read(): Promise<Content> {
    const { ask, path } = this.props;
    if (TABLES.includes(endingOf(path))) return { table: await readRows(ask, path) };
    const file = await ask("file", { path });
    const isWhole = file.data.length >= file.size;
    if (!isMedia(file.mime) || !isWhole || this.#isClosed) return { file, url: "" };
    this.#url = URL.createObjectURL(new Blob([file.data], { type: file.mime }));
    return { file, url: this.#url };
  }
}

function File({ file, url }: { file: FilePart; url: string }) {
  if (url) return <Media file={file} url={url} />;
  const isBinary = isMedia(file.mime) || file.data.subarray(0, PROBE).includes(0);
  if (isBinary || file.data.length > MOST_SHOWN)
    return <div class="nbt-dim">{`${file.mime}, ${size(file.size)}: download it to look at it`}</div>;
  const text = new TextDecoder().decode(file.data.subarray(0, MOST_TEXT));
  const json = endingOf(file.path) === "json" && file.size <= MOST_TEXT ? parsed(text) : undefined;
  return json === undefined ? <Text text={text} total={file.size} /> : <Json value={json} />;
}

function Media({ file, url }: { file: FilePart; url: string }) {
  if (file.mime.startsWith("image/")) return <Image path={file.path} url={url} />;
  // biome-ignore lint/a11y/useMediaCaption: what a run logs has no captions
  if (file.mime.startsWith("audio/")) return <audio controls src={url} />;
  // biome-ignore lint/a11y/useMediaCaption: what a run logs has no captions
  return <video controls src={url} class="nbt-image" />;
}

function Image({ path, url }: { path: string; url: string }) {
  const grow = (e: { currentTarget: HTMLElement }) => e.currentTarget.classList.toggle("nbt-full");
  // biome-ignore lint/a11y/useKeyWithClickEvents: the file can be downloaded, and is shown in full then
  return <img src={url} alt={path} class="nbt-image" onClick={grow} />;
}

function Text({ text, total }: { text: string; total: number }) {
  return (
    <div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <pre class="nbt-text" tabIndex={0}>
        {text}
      </pre>
      {total > MOST_TEXT && <div class="nbt-dim">{`the first ${size(MOST_TEXT)} of ${size(total)}`}</div>}
    </div>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It is shown as text.
    return undefined;
  }
}
