import type { ColumnType } from "../data/types.ts";
import { misfitError } from "./loaded.ts";

/*
 * DuckDB's reader turns 1.5 into 2 where a BIGINT is wanted, and 5 into '5' for a VARCHAR, without a word. So all values are
 * read as JSON text, which tells what they are.
 */

/** An SQL expression: what a value that was read is in its column; gives up loading where it does not fit. */
export const jsonValue = (type: ColumnType | undefined, value: string): string => {
  if (type === "JSON") return value;
  const shown = `CAST(${value} AS VARCHAR)`;
  if (type === undefined) return `CASE WHEN ${value} IS NULL THEN NULL ELSE ${misfitError} END`;
  return `CASE WHEN ${value} IS NULL THEN NULL WHEN ${fits(type, shown)} THEN ${convert(type, value)} ELSE ${misfitError} END`;
};

/** An `_id`: a text as it is, anything else as JSON text. */
export const jsonId = (value: string): string =>
  `CASE WHEN starts_with(CAST(${value} AS VARCHAR), '"') THEN ${textOf(value)} ELSE CAST(${value} AS VARCHAR) END`;

const fits = (type: ColumnType, shown: string): string => {
  switch (type) {
    case "VARCHAR":
      return `starts_with(${shown}, '"')`;
    case "BOOLEAN":
      return `${shown} IN ('true', 'false')`;
    case "DOUBLE":
      return `(${shown} >= '-' AND ${shown} < ':' AND (strlen(${shown}) <= 16 OR CAST(CAST(${shown} AS DOUBLE) AS VARCHAR) = ${shown}))`;
    default:
      return `coalesce(CAST(TRY_CAST(${shown} AS ${type}) AS VARCHAR) = ${shown}, false)`;
  }
};

const convert = (type: ColumnType, value: string): string => {
  if (type === "VARCHAR") return textOf(value);
  const shown = `CAST(${value} AS VARCHAR)`;
  return type === "BOOLEAN" ? `${shown} = 'true'` : `CAST(${shown} AS ${type})`;
};

/** Without a backslash, only the quotes around it are to be taken away. */
const textOf = (value: string): string =>
  `CASE WHEN contains(CAST(${value} AS VARCHAR), '\\') THEN ${value} ->> '$' ELSE replace(CAST(${value} AS VARCHAR), '"', '') END`;
