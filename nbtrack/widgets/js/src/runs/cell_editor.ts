// A cell of the table while somebody writes in it.
import type { Column } from "../data/columns";
import { h } from "../ui/dom";

/** Whether a column can be edited: a run's name, note and tags can. */
export const isEditable = ({ id, group, v }: Column) => !v && (id === "name" || id === "note" || group === "tag");

export interface Edited {
  label: string;
  value: string;
  /** Called once, with what was written, or null where nothing is to be kept. */
  done(value: string | null): Promise<void>;
}

/** Lets a person write in a cell, until Enter, Escape, or the focus goes elsewhere. */
export function editCell(cell: HTMLElement, { label, value, done }: Edited): void {
  let isDone = false;
  const end = async (isKept: boolean) => {
    // Removing the field takes the focus from it, too.
    if (isDone) return;
    isDone = true;
    await done(isKept && input.value !== value ? input.value : null);
  };
  const press = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === "Enter") end(true);
    if (e.key === "Escape") end(false);
  };
  const input: HTMLInputElement = h("input", { value, "aria-label": label, onblur: () => end(true), onkeydown: press });
  // A press in the field is none on the cell.
  input.onclick = input.ondblclick = (e) => e.stopPropagation();
  cell.replaceChildren(input);
  input.select();
}
