// The table of runs: sorted, filtered, grouped, selected and edited in the page.
import { Component, createRef } from "preact";
import type { Source } from "../page/source";
import { addStyle } from "../ui/dom";
import gridCss from "../ui/grid.css";
import menuCss from "../ui/menu.css";
import { show } from "../ui/state";
import { ComparisonBelow } from "./comparison_below";
import type { RunsProtocol } from "./protocol";
import css from "./runs.css";
import { RunsGrid } from "./runs_grid";
import { RunsState } from "./state";
import { Tools } from "./tools";

export function open(source: Source<RunsProtocol>): RunsState {
  for (const each of [css, gridCss, menuCss]) addStyle(each);
  return new RunsState(source);
}

export function mount(state: RunsState, el: HTMLElement): () => void {
  el.setAttribute("role", "group");
  return show(el, state, () => <RunsTable state={state} />);
}

function RunsTable({ state }: { state: RunsState }) {
  const { error } = state.ui;
  state.arrange();
  return (
    <>
      <Tools state={state} />
      <pre class="nbt-error" role="alert" hidden={!error}>
        {error}
      </pre>
      <Table state={state} />
      <ComparisonBelow state={state} />
    </>
  );
}

/** The place of the grid, which is drawn by hand. */
class Table extends Component<{ state: RunsState }> {
  readonly #box = createRef<HTMLDivElement>();
  #grid: RunsGrid | undefined;

  override componentDidMount(): void {
    this.#grid = new RunsGrid(this.#box.current!, this.props.state);
  }

  override componentDidUpdate(): void {
    this.#grid?.update();
  }

  override componentWillUnmount(): void {
    this.#grid?.destroy();
  }

  override render() {
    return <div ref={this.#box} />;
  }
}
