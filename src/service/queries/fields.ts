import { columnNames, idColumn, quoted } from "../data/columns.ts";
import type { Column, ColumnType } from "../data/types.ts";
import { textLiteral } from "./sql-text.ts";

/** Where the values of a field are: in a column, or below a JSON column, where there can be several. */
export type Field =
  | { readonly in: "column"; readonly value: string; readonly type: ColumnType }
  /** `values`: SQL of type JSON[], scalars and objects; no null in it. */
  | { readonly in: "json"; readonly values: string };

export type Fields = {
  /** Undefined: no record has such a field. */
  find(name: string): Field | undefined;
  /** Names of all properties. */
  readonly names: readonly string[];
};

const keyword = ".keyword";

/**
 * Finds fields among columns: by name, by a path into a JSON column (`a.b.c`, any element where there are arrays), and
 * by either with `.keyword` behind.
 */
export const createFields = (columns: readonly Column[]): Fields => {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const names = columnNames(types.keys());
  const column = (name: string): Column | undefined => {
    const found = name === idColumn ? idColumn : names.of(name);
    const type = found === undefined ? undefined : types.get(found);
    return found === undefined || type === undefined ? undefined : { name: found, type };
  };
  const path = (name: string): string | undefined => {
    const keys = name.split(".");
    for (let length = keys.length; length > 0; length--) {
      const found = column(keys.slice(0, length).join("."));
      if (found?.type === "JSON") return valuesAt(quoted(found.name), keys.slice(length));
    }
    return undefined;
  };
  const find = (name: string): Field | undefined => {
    const exact = column(name);
    if (exact !== undefined && exact.type !== "JSON") {
      return { in: "column", value: quoted(exact.name), type: exact.type };
    }
    const values = path(name);
    if (exact !== undefined || !name.endsWith(keyword)) {
      return values === undefined ? undefined : { in: "json", values };
    }
    const whole = find(name.slice(0, -keyword.length));
    if (whole?.in !== "json" || values === undefined) return whole;
    return { in: "json", values: `list_concat(${values}, ${whole.values})` };
  };
  return { find, names: columns.map(({ name }) => name).filter((name) => name !== idColumn) };
};

const elements = (value: string): string =>
  `CASE json_type(${value}) WHEN 'ARRAY' THEN json_extract(${value}, '$[*]') ELSE [${value}] END`;

const valuesAt = (column: string, keys: readonly string[]): string => {
  const found = keys.reduce((values, key, depth) => {
    const pointer = textLiteral(`/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    const each = `json_extract(e${depth}, ${pointer})`;
    return `flatten(list_transform(${values}, lambda e${depth}: ${elements(each)}))`;
  }, elements(column));
  // An array in an array counts as one list.
  const inner = `flatten(list_transform(${found}, lambda e: ${elements("e")}))`;
  return `list_filter(${inner}, lambda e: e IS NOT NULL AND json_type(e) <> 'NULL')`;
};

/** A scalar JSON value as text; null for an object or an array. */
export const jsonScalar = (value: string): string =>
  `CASE WHEN json_type(${value}) NOT IN ('OBJECT', 'ARRAY') THEN (${value} ->> '$') END`;

export const jsonNumber = (value: string): string =>
  `CASE WHEN json_type(${value}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(${value} AS DOUBLE) END`;

const textInstant = (text: string): string => `timezone('UTC', TRY_CAST(${text} AS TIMESTAMPTZ))`;

/** The moment that a JSON value names, in UTC; null where it is none. */
export const jsonInstant = (value: string): string =>
  textInstant(`CASE WHEN json_type(${value}) = 'VARCHAR' THEN (${value} ->> '$') END`);

/** The moment that a column's value is or names, in UTC; undefined: values of that type are none. */
export const columnInstant = (value: string, type: ColumnType): string | undefined => {
  switch (type) {
    case "DATE":
      return `CAST(${value} AS TIMESTAMP)`;
    case "TIMESTAMP":
      return value;
    case "TIMESTAMPTZ":
      return `timezone('UTC', ${value})`;
    case "VARCHAR":
      return textInstant(value);
    default:
      return undefined;
  }
};

export const isNumeric = (type: ColumnType): boolean =>
  type === "BIGINT" || type === "HUGEINT" || type === "DOUBLE" || type.startsWith("DECIMAL");

export const isTemporal = (type: ColumnType): boolean =>
  type === "DATE" || type === "TIMESTAMP" || type === "TIMESTAMPTZ";

/** True where one of the field's values passes; never null. */
export const anyValue = (
  field: Field,
  ofColumn: (value: string, type: ColumnType) => string,
  ofJson: (value: string) => string,
): string =>
  field.in === "column"
    ? `coalesce(${ofColumn(field.value, field.type)}, FALSE)`
    : `coalesce(len(list_filter(${field.values}, lambda v: coalesce(${ofJson("v")}, FALSE))) > 0, FALSE)`;
