import type { Json } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { WarehouseColumn } from "./warehouse.ts";

/** A part of a key: its column, and where it stands in a row. */
type KeyPart = { readonly column: WarehouseColumn; readonly index: number };

/** Finds the columns of a key: of that name, or the one that differs in case only. Throws `bad_request`. */
export const keyParts = (key: readonly string[], columns: readonly WarehouseColumn[]): readonly KeyPart[] =>
  key.map((name) => {
    const index = indexOf(name, columns);
    const column = columns[index];
    if (column === undefined) {
      const known = columns.map((other) => other.name).join(", ");
      throw new Problem("bad_request", `primary_key names ${JSON.stringify(name)}, and the source gives ${known}`);
    }
    if (column.bound === undefined) {
      throw new Problem("bad_request", `primary_key names ${name}, which is ${column.declared} and has no order`);
    }
    return { column, index };
  });

const indexOf = (name: string, columns: readonly WarehouseColumn[]): number => {
  const exact = columns.findIndex((column) => column.name === name);
  if (exact !== -1) return exact;
  const alike = columns.flatMap((column, index) => (column.name.toLowerCase() === name.toLowerCase() ? [index] : []));
  return alike.length === 1 ? (alike[0] ?? -1) : -1;
};

/** The cursor of a batch: the text of each part of the last key. Throws `bad_request` where it is none of this key. */
export const cursorValues = (parts: readonly KeyPart[], after: Json | undefined): readonly string[] | undefined => {
  if (after === undefined) return undefined;
  const texts = Array.isArray(after) ? after.filter((value): value is string => typeof value === "string") : [];
  if (texts.length !== parts.length) {
    throw new Problem("bad_request", "the import cannot be resumed: its key has changed; run it anew");
  }
  return texts;
};

/** A query in the order of its key, with what comes after `last`; and the values to bind, in their order. */
export const keysetQuery = (
  query: string,
  parts: readonly KeyPart[],
  last: readonly string[] | undefined,
  quote: (name: string) => string,
): { readonly sql: string; readonly values: readonly string[] } => {
  const names = parts.map(({ column }) => quote(column.name));
  const values: string[] = [];
  const bind = (part: number): string => {
    values.push(last?.[part] ?? "");
    return parts[part]?.column.bound?.(values.length - 1) ?? "";
  };
  const later = (part: number): string => {
    const greater = `${names[part]} > ${bind(part)}`;
    return part === parts.length - 1
      ? greater
      : `${greater} OR (${names[part]} = ${bind(part)} AND (${later(part + 1)}))`;
  };
  // A record without a key comes too, so that it is noticed.
  const where =
    last === undefined ? "" : `\nWHERE ${[later(0), ...names.map((name) => `${name} IS NULL`)].join(" OR ")}`;
  return { sql: `SELECT * FROM (\n${query}\n) AS records${where}\nORDER BY ${names.join(", ")}`, values };
};

/** The key of a row. Throws `source_error` where a part is null. */
export const keyOf = (row: readonly Json[], parts: readonly KeyPart[]): readonly string[] =>
  parts.map(({ column, index }) => {
    const value = row[index];
    if (value === null || value === undefined) {
      throw new Problem("source_error", `a record has no ${column.name}, which primary_key names`);
    }
    return String(value);
  });

/** Throws `source_error` where two records that follow each other have one key. */
export const refuseRepeated = (
  key: readonly string[],
  last: readonly string[] | undefined,
  parts: readonly KeyPart[],
): void => {
  if (last === undefined || key.some((value, index) => value !== last[index])) return;
  const named = parts.map(({ column }, index) => `${column.name} ${key[index]}`).join(", ");
  throw new Problem("source_error", `more than one record has the key ${named}; primary_key must identify a record`);
};
