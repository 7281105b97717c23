// The menu of all columns, in which they are shown and hidden.
import { render } from "preact";
import { h } from "../ui/dom";
import { menu } from "../ui/menu";
import { Name } from "../ui/name";
import { firstLayout, withId, without } from "./layout";
import type { RunsState } from "./state";

const MOST_LISTED = 300;

export function openColumnsMenu(state: RunsState, anchor: HTMLElement): void {
  const parent = anchor.closest<HTMLElement>(".nbt-live");
  if (!parent) return;
  const list = h("div", { class: "nbt-list" });
  const props = { type: "search", placeholder: "find a column", "aria-label": "find a column" };
  const find: HTMLInputElement = h("input", { ...props, oninput: () => draw() });
  const draw = () => render(<ColumnList state={state} found={find.value.toLowerCase()} />, list);
  draw();
  menu(parent, anchor, [
    find,
    ["Show all", () => state.lay({ hidden: [] })],
    ["As at first", () => state.lay(firstLayout())],
    list,
  ]);
}

function ColumnList({ state, found }: { state: RunsState; found: string }) {
  const ids = state.columns.map(({ id }) => id).filter((id) => id.toLowerCase().includes(found));
  return (
    <>
      {ids.slice(0, MOST_LISTED).map((id) => (
        <ColumnLine key={id} state={state} id={id} />
      ))}
    </>
  );
}

function ColumnLine({ state, id }: { state: RunsState; id: string }) {
  const turn = (isShown: boolean) => {
    const { hidden } = state.layout;
    state.lay({ hidden: isShown ? without(hidden, id) : withId(hidden, id) });
  };
  return (
    <label>
      <input
        type="checkbox"
        checked={!state.layout.hidden.includes(id)}
        onChange={(e) => turn(e.currentTarget.checked)}
      />
      <Name of={id} most={50} />
    </label>
  );
}
