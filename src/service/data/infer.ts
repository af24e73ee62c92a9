import type { Json } from "../../contract/index.ts";
import { isNumeric, joined } from "./columns.ts";
import { rawDigits } from "./exact-json.ts";
import { createPause } from "./pause.ts";
import type { Column, ColumnType, DataRow } from "./types.ts";

/** A property of some rows. */
export type Inferred = {
  readonly property: string;
  /** Of its values. */
  type: ColumnType;
  readonly declared: ColumnType | undefined;
  /** Holds whole numbers that DOUBLE cannot hold. */
  isWide: boolean;
  /** Place of the property among those of the batch. */
  readonly place: number;
};

const wholeDigits = /^-?(?:0|[1-9]\d*)$/;
const digits = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
// The year 0 is 1 BC to DuckDB, which prints it so.
const date = String.raw`((?!0000)\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`;
const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?`;
const datePattern = new RegExp(`^${date}$`);
const timePattern = new RegExp(`^${time}$`);
const timestampPattern = new RegExp(`^${date}[T ]${time}Z?$`);
const zonedPattern = new RegExp(`^${date}[T ]${time}(?:Z|[+-]\\d\\d(?::?[0-5]\\d)?)?$`);

const least = { BIGINT: -(2n ** 63n), HUGEINT: -(2n ** 127n) };

const isDate = (pattern: RegExp, text: string): boolean => {
  const match = pattern.exec(text);
  if (match === null) return false;
  const day = Number(match[3]);
  return day <= 28 || day <= new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate();
};

const isWhole = (value: Json, type: "BIGINT" | "HUGEINT"): boolean => {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value !== "string" || !wholeDigits.test(value)) return false;
  if (value.length <= (type === "BIGINT" ? 18 : 37)) return true;
  if (value.length > 40) return false;
  const whole = BigInt(value);
  return whole >= least[type] && whole < -least[type];
};

const isDecimal = (value: Json, type: ColumnType): boolean => {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !digits.test(text)) return false;
  const [, precision, scale] = /\((\d+),(\d+)\)/.exec(type) ?? [];
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  return fraction.length <= Number(scale) && (whole === "0" ? 0 : whole.length) <= Number(precision) - Number(scale);
};

/** Whether a column of that type holds the value as it is. */
const fits = (type: ColumnType, value: Json): boolean => {
  switch (type) {
    case "JSON":
      return true;
    case "BOOLEAN":
      return typeof value === "boolean";
    case "BIGINT":
    case "HUGEINT":
      return isWhole(value, type);
    case "DOUBLE":
      return typeof value === "number" || (typeof value === "string" && (number.test(value) || isNotFinite(value)));
    case "VARCHAR":
      return typeof value === "string";
    case "DATE":
      return typeof value === "string" && isDate(datePattern, value);
    case "TIME":
      return typeof value === "string" && timePattern.test(value);
    case "TIMESTAMP":
      return typeof value === "string" && isDate(timestampPattern, value);
    case "TIMESTAMPTZ":
      return typeof value === "string" && isDate(zonedPattern, value);
    default:
      return isDecimal(value, type);
  }
};

const isNotFinite = (value: string): boolean => value === "NaN" || value === "Infinity" || value === "-Infinity";

const typeOf = (value: Json): ColumnType => {
  const raw = rawDigits(value);
  if (raw !== undefined) {
    if (isWhole(raw, "BIGINT")) return "BIGINT";
    if (isWhole(raw, "HUGEINT")) return "HUGEINT";
    return wholeDigits.test(raw) || !Number.isFinite(Number(raw)) ? "JSON" : "DOUBLE";
  }
  if (typeof value === "string") return "VARCHAR";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "BIGINT" : "DOUBLE";
  return typeof value === "boolean" ? "BOOLEAN" : "JSON";
};

/** Whether the text stands for a number, where its column was declared as one but holds other things too. */
export const isNumberText = ({ declared }: Inferred, value: string): boolean =>
  declared !== undefined && isNumeric(declared) && number.test(value);

/** The properties that rows have, and the narrowest types that hold their values; `declared` ones where they do. */
export const inferColumns = async (
  rows: readonly DataRow[],
  declared: readonly Column[] = [],
): Promise<ReadonlyMap<string, Inferred>> => {
  const found = new Map<string, Inferred>();
  const add = (property: string, type: ColumnType, declaration?: ColumnType): Inferred => {
    const inferred = { property, type, declared: declaration, isWide: false, place: found.size };
    found.set(property, inferred);
    return inferred;
  };
  for (const { name, type } of declared) add(name, type, type);
  const pause = createPause();
  for (const { properties } of rows) {
    if (pause.due()) await pause.take();
    for (const property of Object.keys(properties)) {
      const value = properties[property];
      if (value === null || value === undefined) continue;
      const column = found.get(property) ?? add(property, typeOf(value));
      const { declared: declaration } = column;
      const raw = typeof value === "object" ? rawDigits(value) : undefined;
      if (!column.isWide) column.isWide = isWide(declaration, raw ?? value);
      if (
        declaration !== undefined &&
        fits(declaration, raw ?? value) &&
        (raw === undefined || isNumeric(declaration))
      ) {
        if (column.type !== declaration) column.type = joined(column.type, declaration);
      } else if (column.type !== "JSON") column.type = joined(column.type, typeOf(value));
    }
  }
  for (const column of found.values()) {
    if (column.type === "DOUBLE" && column.isWide) column.type = "JSON";
  }
  return found;
};

// Of text only what stands for a whole number, because its column was declared as one.
const isWide = (declared: ColumnType | undefined, value: Json): boolean =>
  typeof value === "string" &&
  (declared === undefined || isNumeric(declared)) &&
  wholeDigits.test(value) &&
  !Number.isSafeInteger(Number(value));
