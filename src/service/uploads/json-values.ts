import type { ColumnType } from "../data/types.ts";
import { deepest, misfitError } from "./loaded.ts";

/*
 * DuckDB's reader turns 1.5 into 2 where a BIGINT is wanted, and 5 into '5' for a VARCHAR, without a word. So all values are
 * read as JSON text, which tells what they are.
 */

/**
 * An SQL expression: what a value that was read is in its column; gives up loading where it does not fit. `isWhole`: all
 * records have been looked at.
 */
export const jsonValue = (type: ColumnType | undefined, value: string, isWhole: boolean): string => {
  const shown = `CAST(${value} AS VARCHAR)`;
  if (type === "JSON" && isWhole) return value;
  if (type === "JSON") return `CASE WHEN ${mayBeDeep(shown)} THEN ${misfitError} ELSE ${value} END`;
  if (type === undefined) return `CASE WHEN ${value} IS NULL THEN NULL ELSE ${misfitError} END`;
  return `CASE WHEN ${fits(type, shown)} THEN ${convert(type, value)} WHEN ${value} IS NULL THEN NULL ELSE ${misfitError} END`;
};

/** An `_id`: a text as it is, anything else as JSON text. */
export const jsonId = (value: string): string =>
  `CASE WHEN ${isText(`CAST(${value} AS VARCHAR)`)} THEN ${value} ->> '$' ELSE CAST(${value} AS VARCHAR) END`;

const count = (shown: string, mark: string): string => `strlen(${shown}) - strlen(replace(${shown}, '${mark}', ''))`;

/** As many brackets as a value that is nested too deep has at least: it has to be looked at. */
const mayBeDeep = (shown: string): string =>
  `strlen(${shown}) > ${2 * deepest} AND ${count(shown, "[")} + ${count(shown, "{")} >= ${deepest}`;

/** Nothing else in JSON begins with a character before `#`. */
const isText = (shown: string): string => `${shown} < '#'`;

const fits = (type: ColumnType, shown: string): string => {
  switch (type) {
    case "VARCHAR":
      return isText(shown);
    case "BOOLEAN":
      return `${shown} IN ('true', 'false')`;
    case "DOUBLE":
      return `(${shown} >= '-' AND ${shown} < ':' AND (strlen(${shown}) <= 16 OR CAST(CAST(${shown} AS DOUBLE) AS VARCHAR) = ${shown}))`;
    default:
      return `CAST(TRY_CAST(${shown} AS ${type}) AS VARCHAR) = ${shown}`;
  }
};

const convert = (type: ColumnType, value: string): string => {
  if (type === "VARCHAR") return `${value} ->> '$'`;
  const shown = `CAST(${value} AS VARCHAR)`;
  return type === "BOOLEAN" ? `${shown} = 'true'` : `CAST(${shown} AS ${type})`;
};
