// SPDX-License-Identifier: Apache-2.0
// A table that turns into stacked rows where it has too little room: nothing is cut off and nothing scrolls sideways.
import type { ComponentChild } from "preact";

export interface Column<Row> {
  name: string;
  label: string;
  cell: (row: Row) => ComponentChild;
  number?: boolean;
  /** Text that people chose: it may be one very long word. */
  free?: boolean;
}

interface Props<Row> {
  /** The first names its row. One called `actions` gets a line of its own where rows are stacked. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** The row's key, and what else stands at it. */
  row: (row: Row) => { key: string } & Record<`data-${string}`, string>;
  label?: string;
  labelledBy?: string;
  testid?: string;
}

/** The roles are said again, since some browsers forget them where a row is laid out as a grid. */
export function Table<Row>({ columns, rows, row, label, labelledBy, testid }: Props<Row>) {
  const cell = (column: Column<Row>, at: number, value: Row) => {
    const shown = column.cell(value);
    if (at === 0) return <th key={column.name} scope="row" role="rowheader">{shown}</th>;
    const kind = [column.name === "actions" && "cell-actions", column.number && "number", column.free && "cell-free"].filter(Boolean).join(" ");
    return <td key={column.name} role="cell" class={kind || undefined} data-label={column.label}>{shown}</td>;
  };
  return (
    <div class="table-wrap">
      <table class="table" role="table" aria-label={label} aria-labelledby={labelledBy} data-testid={testid}>
        <thead role="rowgroup"><tr role="row">{columns.map((c) => <th key={c.name} scope="col" role="columnheader">{c.label}</th>)}</tr></thead>
        <tbody role="rowgroup">
          {rows.map((value) => {
            const { key, ...attributes } = row(value);
            return <tr key={key} role="row" {...attributes}>{columns.map((c, i) => cell(c, i, value))}</tr>;
          })}
        </tbody>
      </table>
    </div>
  );
}
