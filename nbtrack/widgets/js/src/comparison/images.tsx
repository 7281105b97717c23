// An image that two runs have, one over the other with a swipe, and side by side.
import { Component } from "preact";
import { Choice, type Option } from "../ui/choice";
import { clip, Name } from "../ui/name";
import { Pair } from "./pick";
import type { Image } from "./protocol";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
}

/** A run's image; null where the run does not have it. */
interface Side {
  label: string;
  alt: string;
  url: string | null;
}

type Sides = [left: Side, right: Side];

const chosen = ({ images, ui }: ComparisonState): Image => images[Math.min(ui.image, images.length - 1)]!;

export class ImagesPart extends Component<Props, { sides: Sides | null }> {
  override state: { sides: Sides | null } = { sides: null };
  /** The addresses of images by run and path. */
  readonly #urls = new Map<string, string>();
  #asked = "";
  #isGone = false;

  override componentDidMount(): void {
    const { state } = this.props;
    const { left, right } = state.ui;
    const [first, second] = chosen(state).runs;
    const hasBoth = [left, right].every((run) => chosen(state).runs.includes(run));
    if (!hasBoth && first !== undefined && second !== undefined) state.choose({ left: first, right: second });
    else this.componentDidUpdate();
  }

  override componentDidUpdate(): void {
    const { left, right } = this.props.state.ui;
    const { path } = chosen(this.props.state);
    const asked = JSON.stringify([path, left, right]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#load(asked, left, right);
  }

  override componentWillUnmount(): void {
    this.#isGone = true;
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
  }

  override render({ state }: Props, { sides }: { sides: Sides | null }) {
    const options = state.images.map(({ path, runs }, i): Option => [`${i}`, `${clip(path, 50)} (${runs.length})`]);
    const { image } = state.ui;
    return (
      <>
        <div class="nbt-tools">
          <Choice label="image" options={options} value={`${image}`} onChange={(i) => state.choose({ image: +i })} />
          <Pair state={state} />
        </div>
        <div>{sides && <Shown state={state} sides={sides} />}</div>
      </>
    );
  }

  async #load(asked: string, left: number, right: number): Promise<void> {
    const sides = await Promise.all([this.#side(left), this.#side(right)]);
    if (asked === this.#asked && !this.#isGone) this.setState({ sides });
  }

  async #side(run: number): Promise<Side> {
    const { state } = this.props;
    const { path, runs } = chosen(state);
    const label = state.labels[run]!;
    const url = runs.includes(run) ? await this.#url(run, path).catch(() => null) : null;
    return { label, alt: `${clip(path, 80)} of ${clip(label, 60)}`, url };
  }

  async #url(run: number, path: string): Promise<string | null> {
    const id = `${run}\0${path}`;
    const known = this.#urls.get(id);
    if (known) return known;
    const { data, mime } = await this.props.state.source.ask("file", { run, path });
    if (this.#isGone) return null;
    const url = URL.createObjectURL(new Blob([data], { type: mime }));
    this.#urls.set(id, url);
    return url;
  }
}

function Shown({ state, sides: [left, right] }: { state: ComparisonState; sides: Sides }) {
  const { swipe } = state.ui;
  if (!left.url || !right.url)
    return (
      <>
        <Alone side={left} />
        <Alone side={right} />
      </>
    );
  return (
    <>
      <div class="nbt-swipe">
        <Picture side={left} />
        <div class="nbt-over" style={{ clipPath: `inset(0 0 0 ${swipe}%)` }}>
          <Picture side={right} />
        </div>
      </div>
      <input
        type="range"
        min="0"
        max="100"
        value={swipe}
        aria-label="swipe between the two images"
        onInput={(e) => state.choose({ swipe: Number(e.currentTarget.value) })}
      />
      <div class="nbt-pair">
        <Figure side={left} />
        <Figure side={right} />
      </div>
    </>
  );
}

const Picture = ({ side: { url, alt } }: { side: Side }) => <img src={url ?? ""} alt={alt} />;

function Alone({ side }: { side: Side }) {
  if (side.url) return <Picture side={side} />;
  return (
    <div class="nbt-empty">
      <Name of={side.label} most={40} /> does not have it
    </div>
  );
}

const Figure = ({ side }: { side: Side }) => (
  <figure>
    <Picture side={side} />
    <figcaption>
      <Name of={side.label} most={40} />
    </figcaption>
  </figure>
);
