// SPDX-License-Identifier: Apache-2.0
import "./setup";
import assert from "node:assert/strict";
import { test } from "node:test";
import { locale } from "../src/i18n/i18n";
import { timeOrDate } from "../src/state/format";
import { keepPlaces, orderAfterClick, orderText, parseOrder, sortRows, type SortValue } from "../src/ui/sorting";

const columns = ["name", "time"];
const sorted = (values: SortValue[], descending = false, language = "en"): SortValue[] => sortRows(values, (v) => v, descending, language);

test("an address names a column and its direction, or is not believed", () => {
  assert.deepEqual(parseOrder("time", columns), { column: "time", descending: false });
  assert.deepEqual(parseOrder("-time", columns), { column: "time", descending: true });
  for (const bad of ["", "-", "owner", "--time", "time-", "constructor"]) assert.equal(parseOrder(bad, columns), null, bad);
  for (const text of ["time", "-name"]) assert.equal(orderText(parseOrder(text, columns)!), text);
});

test("a second click on a header turns its order round, a first one on another sorts upwards", () => {
  const order = { column: "time", descending: false };
  assert.deepEqual(orderAfterClick(order, "time"), { column: "time", descending: true });
  assert.deepEqual(orderAfterClick({ ...order, descending: true }, "time"), order);
  assert.deepEqual(orderAfterClick({ ...order, descending: true }, "name"), { column: "name", descending: false });
});

test("numbers are sorted as numbers, and numbers in names too", () => {
  assert.deepEqual(sorted([10, 9, 100, -1]), [-1, 9, 10, 100]);
  assert.deepEqual(sorted(["host10", "host9", "Host1"]), ["Host1", "host9", "host10"]);
  assert.deepEqual(sorted(["host10", "host9", "Host1"], true), ["host10", "host9", "Host1"]);
});

test("words are sorted as the reader's language does it", () => {
  assert.deepEqual(sorted(["zuse", "Ärmel", "anna"], false, "de"), ["anna", "Ärmel", "zuse"]);
});

test("rows without a value come last both ways, and those without an end before them", () => {
  assert.deepEqual(sorted([null, Infinity, 5, null, 7]), [5, 7, Infinity, null, null]);
  assert.deepEqual(sorted([null, 5, null, Infinity, 7], true), [Infinity, 7, 5, null, null]);
});

test("equal rows keep their order both ways, and the list given stays as it was", () => {
  const rows = [{ id: "a", n: 1 }, { id: "b", n: Infinity }, { id: "c", n: 1 }, { id: "d", n: Infinity }];
  const ids = (descending: boolean): string => sortRows(rows, (r) => r.n, descending, "en").map((r) => r.id).join("");
  assert.equal(ids(false), "acbd");
  assert.equal(ids(true), "bdac");
  assert.equal(rows.map((r) => r.id).join(""), "abcd");
});

test("rows that are held keep their places, and what is new stands after them", () => {
  const kept = (rows: string, keys: string): string => keepPlaces([...rows], [...keys], (r) => r).join("");
  assert.equal(kept("cab", "abc"), "abc");
  assert.equal(kept("zcyab", "abc"), "abczy");
  assert.equal(kept("ca", "abc"), "ac");
  assert.equal(kept("ba", ""), "ba");
});

test("a time of another day says which", () => {
  locale.value = "en";
  const noon = new Date(2026, 2, 5, 12, 0).getTime();
  const at = (hour: number, day = 5): string => timeOrDate(new Date(2026, 2, day, hour, 30).toISOString(), noon);
  assert.match(at(9), /^0?9:30( AM)?$/);
  assert.match(at(23, 4), /4 Mar|Mar 4/);
});
