// The way of a pressed pointer, also outside of what was pressed.

/** Follows the pointer until it is released. */
export function follow(moved: (e: PointerEvent) => void, released: () => void): void {
  const done = () => {
    document.removeEventListener("pointermove", moved);
    document.removeEventListener("pointerup", done);
    released();
  };
  document.addEventListener("pointermove", moved);
  document.addEventListener("pointerup", done);
}
