// SPDX-License-Identifier: Apache-2.0
// A table that turns into stacked rows where it has too little room: nothing is cut off and nothing scrolls sideways.
import type { ComponentChild } from "preact";
import { region } from "../i18n/i18n";
import { query, setQuery } from "../router";
import { SortBar, SortHeader } from "./sort_controls";
import { type Order, orderText, parseOrder, sortRows, type SortValue } from "./sorting";
import { useHeldRows } from "./use_held_rows";

export interface Column<Row> {
  name: string;
  label: string;
  cell: (row: Row) => ComponentChild;
  number?: boolean;
  /** Text that people chose: it may be one very long word. */
  free?: boolean;
  /** What rows are sorted by here; a column without it cannot be chosen. */
  sort?: (row: Row) => SortValue;
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
  /** The order, unless the address asks for another (`?sort=`): a page has one such table. Without it rows stay as they are. */
  order?: Order;
}

/** The roles are said again, since some browsers forget them where a row is laid out as a grid. */
export function Table<Row>({ columns, rows, row, label, labelledBy, testid, order: usual }: Props<Row>) {
  const sortable = usual ? columns.filter((c) => c.sort) : [];
  const order = usual && (parseOrder(query.value.get("sort") ?? "", sortable.map((c) => c.name)) ?? usual);
  const by = order && sortable.find((c) => c.name === order.column)?.sort;
  const sorted = order && by ? sortRows(rows, by, order.descending, region.value) : rows;
  const { shown, listeners } = useHeldRows(sorted, order ? orderText(order) : "", (value) => row(value).key);
  const onOrder = (next: Order): void => setQuery("sort", usual && orderText(next) === orderText(usual) ? "" : orderText(next));
  const header = (column: Column<Row>) =>
    order && column.sort
      ? <SortHeader key={column.name} column={column} order={order} onOrder={onOrder} />
      : <th key={column.name} scope="col" role="columnheader">{column.label}</th>;
  const cell = (column: Column<Row>, at: number, value: Row) => {
    const content = column.cell(value);
    if (at === 0) return <th key={column.name} scope="row" role="rowheader">{content}</th>;
    const kind = [column.name === "actions" && "cell-actions", column.number && "number", column.free && "cell-free"].filter(Boolean).join(" ");
    return <td key={column.name} role="cell" class={kind || undefined} data-label={column.label}>{content}</td>;
  };
  return (
    <div class="table-wrap">
      {order && rows.length > 1 && <SortBar columns={sortable} order={order} onOrder={onOrder} />}
      <table class="table" role="table" aria-label={label} aria-labelledby={labelledBy} data-testid={testid}>
        <thead role="rowgroup"><tr role="row">{columns.map(header)}</tr></thead>
        <tbody role="rowgroup" {...(order ? listeners : {})}>
          {shown.map((value) => {
            const { key, ...attributes } = row(value);
            return <tr key={key} role="row" {...attributes}>{columns.map((c, i) => cell(c, i, value))}</tr>;
          })}
        </tbody>
      </table>
    </div>
  );
}
