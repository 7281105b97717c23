// The comparison of the selected runs, below the table.
import { Component, createRef } from "preact";
import { mount } from "../comparison/comparison";
import type { ComparisonState } from "../comparison/state";
import { Button } from "../ui/button";
import type { RunsState } from "./state";

export function ComparisonBelow({ state }: { state: RunsState }) {
  return (
    <div>
      {state.comparison && (
        <>
          <div class="nbt-tools">
            <b>Comparison</b>
            <Button onClick={() => state.closeComparison()}>Close</Button>
          </div>
          <Mounted comparison={state.comparison} />
        </>
      )}
    </div>
  );
}

/** A comparison, which draws itself when its own state changes. */
class Mounted extends Component<{ comparison: ComparisonState }> {
  readonly #box = createRef<HTMLDivElement>();
  #unmount = () => {};

  override componentDidMount(): void {
    this.#unmount = mount(this.props.comparison, this.#box.current!);
  }

  override componentDidUpdate({ comparison }: { comparison: ComparisonState }): void {
    if (comparison === this.props.comparison) return;
    this.#unmount();
    this.componentDidMount();
  }

  override componentWillUnmount(): void {
    this.#unmount();
  }

  override render() {
    return <div class="nbt-child" ref={this.#box} />;
  }
}
