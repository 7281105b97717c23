// A column's head under the pointer: pressed, dragged to another place, or made wider at its grip.

export interface ColumnDrag {
  head: HTMLElement;
  width: number;
  resize(width: number): void;
  /** The head was pressed and not moved. */
  press(e: PointerEvent): void;
  /** The head was dropped on another one. */
  drop(target: Element): void;
}

const LEAST_WIDTH = 48;
const MOVED = 5;

/** Follows the pointer from where a head was pressed until it is released. */
export function dragColumn(e: PointerEvent, { head, width, resize, press, drop }: ColumnDrag): void {
  const isGrip = (e.target as Element).classList.contains("nbt-grip");
  let isMoved = false;
  const move = (m: PointerEvent) => {
    isMoved ||= Math.abs(m.clientX - e.clientX) > MOVED;
    if (isMoved && isGrip) resize(Math.max(LEAST_WIDTH, width + m.clientX - e.clientX));
    else if (isMoved) head.style.opacity = "0.5";
  };
  const release = (m: PointerEvent) => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", release);
    head.style.opacity = "";
    const target = document.elementFromPoint(m.clientX, m.clientY)?.closest("[role=columnheader]");
    if (!isMoved && !isGrip) press(m);
    else if (isMoved && !isGrip && target) drop(target);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", release);
  e.preventDefault();
}
