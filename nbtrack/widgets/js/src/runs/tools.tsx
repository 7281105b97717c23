// The bar above the table: how many runs there are, the filter, and what can be done with those selected.
import { csv, markdown } from "../data/copied";
import { count } from "../data/format";
import { Button } from "../ui/button";
import { copyString } from "./clipboard";
import { openColumnsMenu } from "./columns_menu";
import type { RunsState } from "./state";

interface Props {
  state: RunsState;
}

export function Tools({ state }: Props) {
  const { layout, canAsk } = state;
  return (
    <div class="nbt-tools">
      <b>{counted(state.shown.rows.length, state.ids.length)}</b>
      {canAsk && <Filter state={state} />}
      <label>
        <input
          type="checkbox"
          checked={layout.differ}
          onChange={(e) => state.lay({ differ: e.currentTarget.checked })}
        />
        only columns that differ
      </label>
      {layout.group && <Button onClick={() => state.group("")}>Do not group</Button>}
      <Button aria-haspopup="menu" onClick={(e) => openColumnsMenu(state, e.currentTarget)}>
        Columns
      </Button>
      <Button onClick={() => copy(state, csv)}>Copy CSV</Button>
      <Button onClick={() => copy(state, markdown)}>Copy Markdown</Button>
      {canAsk && <Selected state={state} />}
      <Said state={state} />
    </div>
  );
}

function counted(shown: number, all: number): string {
  if (shown < all) return `${count(shown)} of ${count(all)} runs`;
  return `${count(all)} run${all === 1 ? "" : "s"}`;
}

function Filter({ state }: Props) {
  const write = (text: string) => {
    state.ui.filter = text;
    if (!text) state.filter();
  };
  const press = (e: KeyboardEvent) => {
    // JupyterLab's shortcuts are single letters.
    e.stopPropagation();
    if (e.key === "Enter") state.filter();
  };
  return (
    <input
      type="search"
      class="nbt-filter"
      defaultValue={state.ui.filter}
      placeholder="metrics.loss < 0.1 and params.lr > 0.001"
      aria-label="filter"
      title="Enter filters"
      spellcheck={false}
      onInput={(e) => write(e.currentTarget.value)}
      onKeyDown={press}
    />
  );
}

function Selected({ state }: Props) {
  const { selected, deleted } = state;
  const gone = [...selected].filter((row) => deleted.has(row)).length;
  return (
    <>
      {selected.size > 1 && (
        <Button class="nbt-first" onClick={() => state.compare()}>
          Compare
        </Button>
      )}
      {selected.size > gone && <Button onClick={() => state.change("delete")}>Delete</Button>}
      {gone > 0 && <Button onClick={() => state.change("restore")}>Restore</Button>}
    </>
  );
}

function Said({ state }: Props) {
  const selected = state.selected.size;
  return (
    <span role="status" class="nbt-dim">
      {selected ? `${count(selected)} selected` : state.ui.said}
      {state.isGone && " · without kernel"}
    </span>
  );
}

/** Copies the selected rows in their order, or all. */
async function copy(state: RunsState, write: typeof csv): Promise<void> {
  const { selected, shown } = state;
  const rows = Array.from(shown.rows).filter((row) => !selected.size || selected.has(row));
  await copyString(write(shown.columns, rows));
  state.say(`${count(rows.length)} rows copied`);
}
