// A run's note, and how it is written.
import { Component, createRef } from "preact";
import { Button } from "../ui/button";
import type { RunState } from "./state";

const MOST_SHOWN = 4000;

export function Note({ state, note }: { state: RunState; note: string }) {
  const isOpen = state.ui.open === "note";
  return <div class="nbt-note">{isOpen ? <Editor state={state} note={note} /> : <Text note={note} />}</div>;
}

const Text = ({ note }: { note: string }) => (note ? <bdi>{note.slice(0, MOST_SHOWN)}</bdi> : null);

class Editor extends Component<{ state: RunState; note: string }> {
  readonly #box = createRef<HTMLTextAreaElement>();

  override componentDidMount(): void {
    this.#box.current?.focus();
  }

  override render() {
    const { note } = this.props;
    // The first value only: what is being written is not replaced by an update.
    return (
      <>
        <textarea ref={this.#box} aria-label="note of the run" defaultValue={note} onKeyDown={this.#key} />
        <Button onClick={this.#save}>Save note</Button> <Button onClick={this.#cancel}>Cancel</Button>
      </>
    );
  }

  readonly #save = () => this.props.state.saveNote(this.#box.current?.value ?? "");

  readonly #cancel = () => this.props.state.choose({ open: "" });

  readonly #key = (e: KeyboardEvent): void => {
    // JupyterLab's shortcuts are single letters.
    e.stopPropagation();
    if (e.key === "Escape") this.#cancel();
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) this.#save();
  };
}
