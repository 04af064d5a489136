// SPDX-License-Identifier: Apache-2.0
// The order of a table's rows: how an address says it, and how rows are put into it. Pure.

export interface Order {
  column: string;
  descending: boolean;
}

/** What a row is sorted by; null: it has no such value. Times are milliseconds. */
export type SortValue = string | number | null;

/** "time" is ascending, "-time" descending; null if that is none of `columns`. */
export function parseOrder(text: string, columns: readonly string[]): Order | null {
  const descending = text.startsWith("-");
  const column = descending ? text.slice(1) : text;
  return columns.includes(column) ? { column, descending } : null;
}

export const orderText = ({ column, descending }: Order): string => (descending ? `-${column}` : column);

/** What a click on a column's header asks for: this column upwards, or the other way round if it is so already. */
export const orderAfterClick = (order: Order, column: string): Order => ({ column, descending: order.column === column && !order.descending });

/** A new list. Equal rows keep their order both ways, and rows without a value come last both ways. */
export function sortRows<Row>(rows: readonly Row[], value: (row: Row) => SortValue, descending: boolean, language: string): Row[] {
  const words = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const compare = (a: string | number, b: string | number): number =>
    // Not a difference: two that never end are equal.
    typeof a === "number" && typeof b === "number" ? (a < b ? -1 : a > b ? 1 : 0) : words.compare(String(a), String(b));
  const valued = rows.map((row) => ({ row, value: value(row) }));
  valued.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return descending ? compare(b.value, a.value) : compare(a.value, b.value);
  });
  return valued.map(({ row }) => row);
}

/** Rows that were there keep their places; those that came since stand after them, as they are. */
export function keepPlaces<Row>(rows: readonly Row[], keys: readonly string[], key: (row: Row) => string): Row[] {
  const place = new Map(keys.map((k, i) => [k, i]));
  const of = (row: Row): number => place.get(key(row)) ?? keys.length;
  return [...rows].sort((a, b) => of(a) - of(b));
}
