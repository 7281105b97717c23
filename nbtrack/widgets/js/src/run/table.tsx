// Some rows of a file that is a table, and the way to the others.
import { Component } from "preact";
import { count } from "../data/format";
import type { Ask } from "../page/source";
import { Button } from "../ui/button";
import { Name } from "../ui/name";
import type { FilesAsks, TablePage } from "./files_protocol";

// As many as a saved page has of each table: a page of another length would be missing there.
const ROWS = 100;

interface Props {
  ask: Ask<FilesAsks>;
  path: string;
  /** The rows from the first one on. */
  page: TablePage;
}

/** The rows of a table from `first` on. */
export const readRows = (ask: Ask<FilesAsks>, path: string, first = 0): Promise<TablePage> =>
  ask("table", { path, first, count: ROWS });

export class Table extends Component<Props, { first: number; page: TablePage }> {
  override state = { first: 0, page: this.props.page };

  override render(_: Props, { first, page }: { first: number; page: TablePage }) {
    const end = first + page.rows.length;
    return (
      <div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
        <div class="nbt-scroll" tabIndex={0}>
          <Rows page={page} />
        </div>
        <div class="nbt-tools">
          {`${count(first + 1)} to ${count(end)} of ${count(page.total)} rows`}
          {first > 0 && <Button onClick={() => this.#turn(Math.max(0, first - ROWS))}>Before</Button>}
          {end < page.total && <Button onClick={() => this.#turn(first + ROWS)}>Next</Button>}
        </div>
      </div>
    );
  }

  async #turn(first: number): Promise<void> {
    const { ask, path } = this.props;
    this.setState({ first, page: await readRows(ask, path, first) });
  }
}

function Rows({ page }: { page: TablePage }) {
  return (
    <table class="nbt-plain">
      <thead>
        <tr>
          {page.columns.map((column, i) => (
            <th key={i}>
              <Name of={column} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {page.rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j}>
                <Name of={cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
