import { isObject, type Json } from "../../../contract/index.ts";
import type { ColumnType } from "../../data/types.ts";
import { floatingPoint, isoTime, parsedJson, wholeNumber } from "../warehouse/json-values.ts";
import type { WarehouseColumn } from "../warehouse/warehouse.ts";

/** A field of a schema, as BigQuery's REST API gives it. */
export type SchemaField = {
  readonly name?: string;
  readonly type?: string;
  readonly mode?: string;
  readonly precision?: string;
  readonly scale?: string;
  readonly fields?: readonly SchemaField[];
};

/** A column of a result, and how a value of the REST API becomes JSON. */
export type ReadColumn = WarehouseColumn & { readonly read: (value: unknown) => Json };

type Kind = {
  readonly type: ColumnType;
  readonly declared: string;
  /** The SQL of a bound text; none: the type has no order. */
  readonly bound?: (parameter: string) => string;
  readonly read: (value: unknown) => Json;
};

/** Columns of a query result; times are asked for in microseconds. */
export const readColumn = (field: SchemaField): ReadColumn => {
  const { bound, ...kind } = kindOf(field);
  return {
    name: field.name ?? "",
    ...kind,
    bound: bound === undefined ? undefined : (position) => bound(`@p${position}`),
  };
};

/** The type as BigQuery's SQL calls it. */
export const declaredType = (field: SchemaField): string => kindOf(field).declared;

const kindOf = (field: SchemaField): Kind => {
  if (field.mode !== "REPEATED") return single(field);
  const element = single(field);
  const read = (value: unknown): Json => (Array.isArray(value) ? value.map((item) => nested(item, element)) : []);
  return { type: "JSON", declared: `ARRAY<${element.declared}>`, read };
};

const nested = (item: unknown, kind: Kind): Json => {
  const value = (item as { readonly v?: unknown }).v;
  return value === null || value === undefined ? null : kind.read(value);
};

const cast =
  (type: string) =>
  (parameter: string): string =>
    `CAST(${parameter} AS ${type})`;

const single = (field: SchemaField): Kind => {
  const given = (field.type ?? "STRING").toUpperCase();
  switch (given) {
    case "INTEGER":
    case "INT64":
      return { type: "BIGINT", declared: "INT64", bound: cast("INT64"), read: (value) => wholeNumber(String(value)) };
    case "FLOAT":
    case "FLOAT64":
      return {
        type: "DOUBLE",
        declared: "FLOAT64",
        bound: cast("FLOAT64"),
        read: (value) => floatingPoint(String(value)),
      };
    case "NUMERIC":
      return decimal(field, given, 38, 9);
    case "BIGNUMERIC":
      return decimal(field, given, 76, 38);
    case "BOOLEAN":
    case "BOOL":
      return { type: "BOOLEAN", declared: "BOOL", bound: cast("BOOL"), read: (value) => String(value) === "true" };
    case "TIMESTAMP":
      return {
        type: "TIMESTAMPTZ",
        declared: given,
        bound: cast(given),
        read: (value) => `${instant(String(value))}Z`,
      };
    case "DATETIME":
      return { type: "TIMESTAMP", declared: given, bound: cast(given), read: String };
    case "DATE":
    case "TIME":
      return { type: given, declared: given, bound: cast(given), read: String };
    case "BYTES":
      return { type: "VARCHAR", declared: given, bound: (parameter) => `FROM_BASE64(${parameter})`, read: String };
    case "STRING":
      return { type: "VARCHAR", declared: given, bound: (parameter) => parameter, read: String };
    case "JSON":
      return { type: "JSON", declared: given, read: (value) => parsedJson(String(value)) };
    case "RECORD":
    case "STRUCT":
      return record(field.fields ?? []);
    default:
      return { type: "VARCHAR", declared: given, read: String };
  }
};

const record = (fields: readonly SchemaField[]): Kind => {
  const members = fields.map((field) => ({ name: field.name ?? "", kind: kindOf(field) }));
  const declared = `STRUCT<${members.map(({ name, kind }) => `${name} ${kind.declared}`).join(", ")}>`;
  const read = (value: unknown): Json => {
    const values = isObject(value) && Array.isArray(value["f"]) ? value["f"] : [];
    return Object.fromEntries(members.map(({ name, kind }, index) => [name, nested(values[index] ?? {}, kind)]));
  };
  return { type: "JSON", declared, read };
};

/** DuckDB's decimals have at most 38 digits; what may have more stays text. */
const decimal = (field: SchemaField, name: string, digits: number, fraction: number): Kind => {
  const given = field.precision !== undefined;
  const precision = given ? Number(field.precision) : digits;
  const scale = given ? Number(field.scale ?? 0) : fraction;
  const read = (value: unknown): Json => plainDigits(String(value));
  const kind = { declared: given ? `${name}(${precision},${scale})` : name, bound: cast(name), read };
  return precision > 38 ? { type: "VARCHAR", ...kind } : { type: `DECIMAL(${precision},${scale})`, ...kind };
};

const plainDigits = (digits: string): string => (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits);

/** Of microseconds since the epoch; seconds where a server does not know of them. */
const instant = (value: string): string => {
  const microseconds = /^-?\d+$/.test(value) ? BigInt(value) : BigInt(Math.round(Number(value) * 1e6));
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return isoTime(Number((microseconds - fraction) / 1_000_000n), Number(fraction) * 1000);
};
