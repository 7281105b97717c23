// The files of a run: a tree, what is in them, and their download.
import { Component } from "preact";
import { count, size } from "../data/format";
import type { Ask, Source } from "../page/source";
import { Button } from "../ui/button";
import { addStyle } from "../ui/dom";
import { Name } from "../ui/name";
import { State, show } from "../ui/state";
import { download } from "./download";
import { type Node, steps, tree } from "./file_tree";
import css from "./files.css";
import type { FilesAsks, FilesProtocol, Listing } from "./files_protocol";
import { Preview } from "./preview";
import { Tree } from "./tree";

/** What the person has opened; it stays when the view scrolls out of the page and back. */
export interface FileChoices {
  /** The folders that are not as they begin. */
  toggled: Set<string>;
  path: string | undefined;
}

class FilesState extends State {
  readonly choices: FileChoices = { toggled: new Set(), path: undefined };

  constructor(readonly source: Source<FilesProtocol>) {
    super();
  }
}

export const open = (source: Source<FilesProtocol>) => new FilesState(source);

export const mount = (state: FilesState, el: HTMLElement) =>
  show(el, state, () => <FilesView ask={state.source.ask} choices={state.choices} />);

interface Props {
  ask: Ask<FilesAsks>;
  choices: FileChoices;
}

interface Loaded {
  listing: Listing | null;
  nodes: Node[];
  error: string;
  /** Why a file was not downloaded. */
  refused: string;
}

const PICTURE = /\.(png|jpe?g|gif|webp)$/i;

export class FilesView extends Component<Props, Loaded> {
  override state: Loaded = { listing: null, nodes: [], error: "", refused: "" };

  override async componentDidMount(): Promise<void> {
    addStyle(css);
    try {
      const listing = await this.props.ask("list");
      const paths = listing.files.map(({ path }) => path);
      this.props.choices.path ??= paths.find((path) => PICTURE.test(path)) ?? paths[0];
      this.setState({ listing, nodes: tree(listing.files) });
    } catch (error) {
      this.setState({ error: (error as Error).message });
    }
  }

  // A frame of the run says nothing new of its files.
  override shouldComponentUpdate(_: Props, next: Loaded): boolean {
    return next !== this.state;
  }

  override render({ choices }: Props, { listing, error }: Loaded) {
    return (
      <div class="nbt-files">
        {error ? <div class="nbt-error">{error}</div> : this.#listed(listing)}
        {choices.path !== undefined && this.#shown(choices.path, listing)}
      </div>
    );
  }

  #listed(listing: Listing | null) {
    if (listing && !listing.files.length) return <div class="nbt-empty">No files were logged</div>;
    const { toggled, path } = this.props.choices;
    const more = listing ? listing.total - listing.files.length : 0;
    const missing = more > 0 ? `and ${count(more)} more` : "";
    const handlers = { onToggle: this.#toggle, onShow: this.#show };
    return <Tree nodes={this.state.nodes} missing={missing} toggled={toggled} path={path} {...handlers} />;
  }

  #shown(path: string, listing: Listing | null) {
    if (!listing) return null;
    const { ask } = this.props;
    const series = steps(
      listing.files.map((file) => file.path),
      path,
    );
    return (
      <div class="nbt-preview" aria-live="polite">
        <div class="nbt-tools">
          <Name of={path} most={80} />
          <Button onClick={() => this.#download(path)}>Download</Button>
        </div>
        {series.length > 1 && <Steps series={series} path={path} onShow={this.#show} />}
        {this.state.refused && <div class="nbt-error">{this.state.refused}</div>}
        <Preview key={path} ask={ask} path={path} />
      </div>
    );
  }

  readonly #show = (path: string): void => {
    this.props.choices.path = path;
    this.setState({ refused: "" });
  };

  readonly #toggle = (path: string): void => {
    const { toggled } = this.props.choices;
    if (!toggled.delete(path)) toggled.add(path);
    this.forceUpdate();
  };

  async #download(path: string): Promise<void> {
    const tooLarge = await download(this.props.ask, path);
    if (tooLarge === null) return;
    const uri = this.state.listing?.uri;
    const elsewhere = `run.artifacts.download(${JSON.stringify(path)})${uri ? `, or take it from ${uri}` : ""}`;
    this.setState({ refused: `${size(tooLarge)} are too many for the browser: ${elsewhere}` });
  }
}

interface StepsProps {
  series: { path: string; step: number }[];
  path: string;
  onShow(path: string): void;
}

/** The steps at which an image was logged. */
function Steps({ series, path, onShow }: StepsProps) {
  const i = series.findIndex((each) => each.path === path);
  const change = (e: { currentTarget: HTMLInputElement }) => onShow(series[Number(e.currentTarget.value)]!.path);
  const range = { min: 0, max: series.length - 1, value: i };
  return (
    <label class="nbt-tools">
      step {series[i]?.step}
      <input type="range" {...range} aria-label="step of the image" onChange={change} />
    </label>
  );
}
