import type { Json } from "../../contract/index.ts";
import { columnInstant, type Field, isTemporal, jsonInstant, jsonNumber } from "./fields.ts";
import { columnNumber } from "./metrics.ts";

const listOf = (field: Field, ofColumn: (field: Extract<Field, { in: "column" }>) => string, ofJson: string): string =>
  field.in === "column"
    ? `[${ofColumn(field)}]`
    : `list_distinct(list_transform(${field.values}, lambda v: ${ofJson}))`;

const present = (list: string): string => `list_filter(${list}, lambda k: k IS NOT NULL)`;

/** Values themselves, as JSON text. */
export const valueKeys = (field: Field): string =>
  present(
    listOf(
      field,
      ({ value, type }) => {
        const instant = isTemporal(type) ? columnInstant(value, type) : undefined;
        if (instant !== undefined) return `CAST(epoch_ms(${instant}) AS VARCHAR)`;
        return type === "TIME"
          ? `CAST(to_json(CAST(${value} AS VARCHAR)) AS VARCHAR)`
          : `CAST(to_json(${value}) AS VARCHAR)`;
      },
      "CASE WHEN json_type(v) <> 'OBJECT' THEN CAST(v AS VARCHAR) END",
    ),
  );

/** Numbers; milliseconds for dates. */
export const numberKeys = (field: Field, round: (number: string) => string): string =>
  present(listOf(field, ({ value, type }) => round(columnNumber(value, type)), round(jsonNumber("v"))));

/** Moments as milliseconds. */
export const instantKeys = (field: Field, round: (instant: string) => string): string =>
  present(
    listOf(
      field,
      ({ value, type }) => {
        const instant = columnInstant(value, type);
        return instant === undefined ? "CAST(NULL AS BIGINT)" : round(instant);
      },
      round(jsonInstant("v")),
    ),
  );

export const isDateField = (field: Field | undefined): boolean => field?.in === "column" && isTemporal(field.type);

/** The key of a bucket of `terms`, as Elasticsearch shows it. */
export const shownKey = (
  key: Json,
  asDate: ((millis: number) => string) | undefined,
): { readonly [name: string]: Json } => {
  if (typeof key === "boolean") return { key: key ? 1 : 0, key_as_string: String(key) };
  if (asDate !== undefined && typeof key === "number") return { key, key_as_string: asDate(key) };
  return { key };
};
