// A chart as a component.
import { Component, createRef } from "preact";
import type { Range } from "../data/curve";
import { onTheme } from "../ui/theme";
import { Chart, type Content } from "./chart";

interface Props {
  label: string;
  height: number;
  /** Drawn anew when it is another object. */
  content: Content;
  /** Where the crosshair is, null for nowhere. */
  cursor: number | null;
  onZoom(range: Range | null): void;
  onCursor(at: number | null): void;
}

export class Plot extends Component<Props> {
  readonly #el = createRef<HTMLDivElement>();
  #chart: Chart | null = null;
  #drawn: Content | null = null;
  #unlisten = () => {};

  override componentDidMount(): void {
    const { label, height } = this.props;
    const onZoom = (range: Range | null) => this.props.onZoom(range);
    const onCursor = (at: number | null) => this.props.onCursor(at);
    this.#chart = new Chart(this.#el.current!, { label, height, onZoom, onCursor });
    this.#unlisten = onTheme(() => this.#chart?.redraw());
    this.componentDidUpdate();
  }

  override componentDidUpdate(): void {
    const { content, cursor } = this.props;
    if (content !== this.#drawn) this.#chart?.update(content);
    this.#drawn = content;
    this.#chart?.cursor(cursor);
  }

  override componentWillUnmount(): void {
    this.#unlisten();
    this.#chart?.destroy();
    this.#chart = this.#drawn = null;
  }

  override render() {
    return <div ref={this.#el} />;
  }
}
