// SPDX-License-Identifier: Apache-2.0
// How the order of a table is chosen: by its headers, or above the rows where those are stacked.
import { useId } from "preact/hooks";
import { t } from "../i18n/i18n";
import { IconButton } from "./button";
import { Icon } from "./icon";
import { type Order, orderAfterClick } from "./sorting";

interface Sortable {
  name: string;
  label: string;
}

interface Props {
  order: Order;
  onOrder: (order: Order) => void;
}

export function SortHeader({ column: { name, label }, order, onOrder }: Props & { column: Sortable }) {
  const mine = order.column === name;
  const sorted = !mine ? undefined : order.descending ? "descending" : "ascending";
  return (
    <th scope="col" role="columnheader" aria-sort={sorted}>
      <button type="button" class="sort-button" data-testid="sort" data-column={name} onClick={() => onOrder(orderAfterClick(order, name))}>
        {label}
        <Icon name={!mine ? "chevrons-up-down" : order.descending ? "arrow-down" : "arrow-up"} size={14} />
      </button>
      {/* Where rows are stacked the header is only heard: nothing in it may take the focus. */}
      <span class="sort-name">{label}</span>
    </th>
  );
}

export function SortBar({ columns, order, onOrder }: Props & { columns: readonly Sortable[] }) {
  const id = useId();
  const { column, descending } = order;
  return (
    <div class="sort-bar" data-testid="sort-bar">
      <label for={id}>{t("table.sort_by")}</label>
      <select id={id} class="input" value={column} onChange={(e) => onOrder({ column: e.currentTarget.value, descending })}>
        {columns.map((c) => <option key={c.name} value={c.name}>{c.label}</option>)}
      </select>
      <IconButton
        kind="plain" icon={descending ? "arrow-down" : "arrow-up"} label={t("table.descending")} aria-pressed={descending}
        onClick={() => onOrder({ column, descending: !descending })}
      />
    </div>
  );
}
