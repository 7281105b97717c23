// A row of the table of differences.
import type { ComponentChild } from "preact";
import type { ComparisonState } from "./state";

interface Props {
  state: ComparisonState;
  shown: number[];
  head: ComponentChild;
  cell(run: number): ComponentChild;
  kind?: string;
}

export function Line({ state, shown, head, cell, kind }: Props) {
  return (
    <tr class={kind}>
      <th scope="row">{head}</th>
      {shown.map((run) => (
        <td key={state.ids[run]} class={state.selected.has(run) ? "nbt-on" : undefined}>
          {cell(run)}
        </td>
      ))}
    </tr>
  );
}
