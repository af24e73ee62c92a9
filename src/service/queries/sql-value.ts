import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";
import type { Json } from "../../contract/index.ts";

export type JsonConverter = (value: DuckDBValue, type: DuckDBType | undefined) => Json;

/** Values as JSON: whole numbers beyond 2^53 and decimals that a double does not hold as text, times as ISO 8601. */
export const jsonConverter = async (): Promise<JsonConverter> => {
  const duckdb = await import("@duckdb/node-api");
  const micros = (value: bigint, zone: string, text: () => string): string => isoText(value, zone) ?? text();
  const convert = (value: DuckDBValue, type: DuckDBType | undefined): Json => {
    if (value === null) return null;
    if (typeof value === "string") return type?.alias === "JSON" ? parsedJson(value) : value;
    if (typeof value === "boolean") return value;
    if (typeof value === "bigint") return wholeNumber(value);
    if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
    if (value instanceof duckdb.DuckDBDecimalValue) return decimalNumber(value.toString());
    if (value instanceof duckdb.DuckDBBlobValue) return Buffer.from(value.bytes).toString("base64");
    if (value instanceof duckdb.DuckDBTimestampTZValue) return micros(value.micros, "Z", () => value.toString());
    if (value instanceof duckdb.DuckDBTimestampValue) return micros(value.micros, "", () => value.toString());
    if (value instanceof duckdb.DuckDBTimestampSecondsValue) {
      return micros(value.seconds * 1_000_000n, "", () => value.toString());
    }
    if (value instanceof duckdb.DuckDBTimestampMillisecondsValue) {
      return micros(value.millis * 1000n, "", () => value.toString());
    }
    if (value instanceof duckdb.DuckDBTimestampNanosecondsValue) {
      return micros(value.nanos / 1000n, "", () => value.toString());
    }
    if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue) {
      const item = (type as { readonly valueType: DuckDBType }).valueType;
      return value.items.map((one) => convert(one, item));
    }
    if (value instanceof duckdb.DuckDBStructValue) {
      const { entryNames, entryTypes } = type as unknown as StructType;
      return Object.fromEntries(
        Object.entries(value.entries).map(([name, one]) => [
          name,
          convert(one, entryTypes[entryNames.indexOf(name)] ?? type),
        ]),
      );
    }
    if (value instanceof duckdb.DuckDBMapValue) {
      const { keyType, valueType } = type as unknown as MapType;
      return Object.fromEntries(
        value.entries.map(({ key, value: one }) => [keyText(convert(key, keyType)), convert(one, valueType)]),
      );
    }
    return value.toString();
  };
  return convert;
};

type StructType = { readonly entryNames: readonly string[]; readonly entryTypes: readonly DuckDBType[] };
type MapType = { readonly keyType: DuckDBType; readonly valueType: DuckDBType };

const keyText = (key: Json): string => (typeof key === "string" ? key : JSON.stringify(key));

const wholeNumber = (value: bigint): Json => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
};

/** The number, where it has all the digits. */
const decimalNumber = (text: string): Json =>
  text.replace(/\D/g, "").replace(/^0+/, "").length <= 15 ? Number(text) : text;

/** JSON text as its value; whole numbers beyond 2^53 as text. */
export const parsedJson = (text: string): Json => {
  try {
    if (!/\d{16}/.test(text)) return JSON.parse(text) as Json;
    return JSON.parse(text, (_key, value: Json, context?: { readonly source?: string }) =>
      typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
        ? (context?.source ?? value)
        : value,
    ) as Json;
  } catch {
    return text;
  }
};

const isoText = (micros: bigint, zone: string): string | undefined => {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((micros - below) / 1000n));
  if (Number.isNaN(date.getTime())) return undefined;
  const fraction = below === 0n ? "" : `.${below.toString().padStart(6, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, -5)}${fraction}${zone}`;
};
