// Lines of cells drawn anew, of which those that are the same stay: a press is lost if its element is replaced.

/** Gives a line other cells, in place of those that differ. */
export function renewCells(line: Element, cells: readonly Element[]): void {
  const old = [...line.children];
  if (old.length !== cells.length) line.replaceChildren(...cells);
  else
    cells.forEach((cell, i) => {
      if (!cell.isEqualNode(old[i]!)) old[i]!.replaceWith(cell);
    });
}

/** The line that is there, made like another one; or the other one, where the two are of different kinds. */
export function renewed<T extends Element>(line: T | undefined, other: T): T {
  const names = other.getAttributeNames();
  if (!line || `${line.getAttributeNames()}` !== `${names}`) return other;
  for (const name of names) line.setAttribute(name, other.getAttribute(name)!);
  renewCells(line, [...other.children]);
  return line;
}
