// The box of a drawing, which is drawn as wide as the box is.
import { Component, type ComponentChild, createRef } from "preact";

interface Props {
  draw(width: number): ComponentChild;
}

// Before the page has laid it out.
const FIRST_WIDTH = 600;

export class DrawingBox extends Component<Props, { width: number }> {
  override state = { width: FIRST_WIDTH };
  readonly #el = createRef<HTMLDivElement>();
  readonly #observer = new ResizeObserver(() => this.#measure());

  override componentDidMount(): void {
    this.#measure();
    this.#observer.observe(this.#el.current!);
  }

  override componentWillUnmount(): void {
    this.#observer.disconnect();
  }

  override render({ draw }: Props, { width }: { width: number }) {
    return (
      <div class="nbt-draw" ref={this.#el}>
        {draw(width)}
      </div>
    );
  }

  #measure(): void {
    const width = this.#el.current?.clientWidth || FIRST_WIDTH;
    if (width !== this.state.width) this.setState({ width });
  }
}
