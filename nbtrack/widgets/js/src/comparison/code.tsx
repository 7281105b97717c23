// Two runs side by side: their sources, changes, packages and environments.
import { Component, type ComponentChild } from "preact";
import { Choice, type Option } from "../ui/choice";
import { Pair } from "./pick";
import type { Difference, Document, Piece, Row } from "./protocol";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
}

const NAMES: Record<Document, string> = {
  code: "cell source",
  diff: "uncommitted changes",
  packages: "packages",
  environment: "environment",
};
const DOCUMENTS = Object.keys(NAMES) as Document[];
const MOST_ROWS = 3000;

/** The document that is shown: what was chosen, else the first one that a run has. */
const whatOf = ({ ui, documents }: ComparisonState): Document =>
  ui.what ?? DOCUMENTS.find((what) => documents.some((own) => own.includes(what))) ?? "code";

/** What came of a pair: its difference, or why there is none. */
interface Answer {
  what: Document;
  found: Difference | string;
}

interface Answered {
  answer: Answer | null;
}

export class CodePart extends Component<Props, Answered> {
  override state: Answered = { answer: null };
  #asked = "";

  override componentDidMount(): void {
    this.componentDidUpdate();
  }

  override componentDidUpdate(): void {
    const { ui, documents } = this.props.state;
    const what = whatOf(this.props.state);
    const asked = JSON.stringify([what, ui.left, ui.right, documents]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    if (this.#isKnown(what)) this.#ask(what, asked);
    else this.setState({ answer: null });
  }

  override componentWillUnmount(): void {
    this.#asked = "";
  }

  override render({ state }: Props, { answer }: Answered) {
    const what = whatOf(state);
    const options = Object.entries(NAMES) as unknown as Option[];
    return (
      <>
        <div class="nbt-tools">
          <Choice
            label="what"
            options={options}
            value={what}
            onChange={(own) => state.choose({ what: own as Document })}
          />
          <Pair state={state} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard */}
        <section class="nbt-wide" tabIndex={0} aria-label="side by side">
          {this.#isKnown(what) ? answer && <Shown {...answer} /> : <None what={what} />}
        </section>
      </>
    );
  }

  #isKnown(what: Document): boolean {
    const { documents, ui } = this.props.state;
    return [ui.left, ui.right].some((run) => documents[run]?.includes(what));
  }

  async #ask(what: Document, asked: string): Promise<void> {
    const { source, ui } = this.props.state;
    const problem = (error: Error) => (source.isOffline ? "This pair was not written into the page" : error.message);
    const found = await source.ask("diff", { what, left: ui.left, right: ui.right }).catch(problem);
    if (asked === this.#asked) this.setState({ answer: { what, found } });
  }
}

const Empty = ({ children }: { children: ComponentChild }) => <div class="nbt-empty">{children}</div>;

const None = ({ what }: { what: Document }) => <Empty>Neither run has {NAMES[what]}</Empty>;

function Shown({ what, found }: Answer) {
  if (typeof found === "string") return <Empty>{found}</Empty>;
  if (found.equal) return <Empty>The {NAMES[what]} is the same</Empty>;
  return (
    <table class="nbt-sides">
      <tbody>
        {found.rows.slice(0, MOST_ROWS).map((row, i) => (
          // Lines have no other name, and come all at once.
          <Sides key={i} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Sides({ row }: { row: Row }) {
  if (row.length === 1)
    return (
      <tr>
        <td class="nbt-dim" colSpan={4}>
          ⋯ {row[0]} equal lines
        </td>
      </tr>
    );
  const [leftNumber, left, rightNumber, right] = row;
  return (
    <tr>
      <td class="nbt-no">{leftNumber}</td>
      <td class={leftNumber === null ? "nbt-none" : undefined}>{left.map((piece) => written(piece, "del"))}</td>
      <td class="nbt-no">{rightNumber}</td>
      <td class={rightNumber === null ? "nbt-none" : undefined}>{right.map((piece) => written(piece, "ins"))}</td>
    </tr>
  );
}

const written = ([text, isChanged]: Piece, Tag: "del" | "ins") => (isChanged ? <Tag>{text || " "}</Tag> : text);
