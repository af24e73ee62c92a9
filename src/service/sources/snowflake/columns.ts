import type { Column as SnowflakeColumn } from "snowflake-sdk";
import type { Json } from "../../../contract/index.ts";
import type { ColumnType } from "../../data/types.ts";
import { floatingPoint, isoTime, parsedJson, wholeNumber } from "../warehouse/json-values.ts";
import type { WarehouseColumn } from "../warehouse/warehouse.ts";

/** A column of a result, and how a value of the driver becomes JSON. */
export type ReadColumn = WarehouseColumn & { readonly read: (value: unknown) => Json };

type Kind = {
  readonly type: ColumnType;
  readonly declared: string;
  /** The SQL of a bound text; none: the type has no order. */
  readonly bound?: string;
  readonly read: (value: unknown) => Json;
};

/** What the driver gives for a timestamp: nanoseconds apart. */
type SnowflakeTime = { getEpochSeconds(): number; getNanoSeconds(): number };

/** Of columns that are read as `login-options.ts` says. */
export const readColumn = (column: SnowflakeColumn): ReadColumn => {
  const { bound, ...kind } = kindOf(column);
  return { name: column.getName(), ...kind, bound: bound === undefined ? undefined : () => bound };
};

const text = (value: unknown): Json => (typeof value === "string" ? value : String(value));
const json = (value: unknown): Json => (typeof value === "string" ? parsedJson(value) : text(value));
const time = (value: unknown): string => {
  const { getEpochSeconds, getNanoSeconds } = value as SnowflakeTime;
  return isoTime(getEpochSeconds(), getNanoSeconds());
};
const instant = (value: unknown): Json => `${time(value)}Z`;

const kindOf = (column: SnowflakeColumn): Kind => {
  const declared = column.getType().toUpperCase();
  switch (declared) {
    case "FIXED":
      return fixed(column.getPrecision() ?? 38, column.getScale() ?? 0);
    case "REAL":
      return {
        type: "DOUBLE",
        declared: "FLOAT",
        bound: "CAST(? AS FLOAT)",
        read: (value) => floatingPoint(String(value)),
      };
    case "TEXT":
    case "CHAR":
      return { type: "VARCHAR", declared: "VARCHAR", bound: "CAST(? AS VARCHAR)", read: text };
    case "BOOLEAN":
      return { type: "BOOLEAN", declared, bound: "CAST(? AS BOOLEAN)", read: (value) => value === true };
    case "DATE":
      return { type: "DATE", declared, bound: "CAST(? AS DATE)", read: (value) => time(value).slice(0, -9) };
    case "TIME":
      return { type: "TIME", declared, bound: "CAST(? AS TIME(9))", read: (value) => withoutZeros(String(value)) };
    case "TIMESTAMP_NTZ":
      return { type: "TIMESTAMP", declared, bound: "CAST(? AS TIMESTAMP_NTZ(9))", read: time };
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ":
      return { type: "TIMESTAMPTZ", declared, bound: "CAST(? AS TIMESTAMP_TZ(9))", read: instant };
    case "BINARY":
      return {
        type: "VARCHAR",
        declared,
        bound: "TO_BINARY(?, 'BASE64')",
        read: (value) => (Buffer.isBuffer(value) ? value.toString("base64") : text(value)),
      };
    case "VARIANT":
    case "OBJECT":
    case "ARRAY":
    case "MAP":
    case "VECTOR":
    case "GEOGRAPHY":
    case "GEOMETRY":
      return { type: "JSON", declared, read: json };
    default:
      return { type: "VARCHAR", declared, read: text };
  }
};

const fixed = (precision: number, scale: number): Kind => ({
  type: scale > 0 ? `DECIMAL(${precision},${scale})` : precision > 18 ? "HUGEINT" : "BIGINT",
  declared: `NUMBER(${precision},${scale})`,
  bound: `CAST(? AS NUMBER(${precision},${scale}))`,
  read: scale > 0 ? text : (value) => wholeNumber(String(value)),
});

const withoutZeros = (value: string): string => (value.includes(".") ? value.replace(/\.?0+$/, "") : value);
