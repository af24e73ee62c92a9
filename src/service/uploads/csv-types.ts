import { literal } from "../data/columns.ts";
import type { ColumnType } from "../data/types.ts";
import { misfitError } from "./loaded.ts";

/*
 * A cell gets a type only if its text can be told from the value again, but for spellings of the same value: 00123, +1,
 * 1E5, 1.10 beside 1.9, and times with an offset stay text.
 */

const matches = (cell: string, pattern: string): string => `regexp_full_match(${cell}, ${literal(pattern)})`;

const number = "-?(0|[1-9][0-9]*)";
const plainDouble = [
  `${number}`,
  `-?(0|[1-9][0-9]*)?\\.([0-9]*[1-9]|0)`,
  // Exponents as programs write them: 1e5 may be a code.
  `-?[0-9](\\.[0-9]+)?[eE][+-][0-9]+`,
  `-?[0-9]\\.[0-9]+[eE][0-9]+`,
].join("|");

/** `TRY_CAST`: to look at cells; `CAST`, which is faster: gives up loading. */
type Cast = "TRY_CAST" | "CAST";

const dashes = (cell: string): string => `strlen(${cell}) - strlen(replace(${cell}, '-', ''))`;

const starts = (cell: string): string => `${cell} >= '0' AND ${cell} < ':'`;

/** The sign of -0.00 would be lost. */
const decimal = "(0|-?[1-9][0-9]*)\\.[0-9]+|-0\\.[0-9]*[1-9][0-9]*";

/** An SQL condition: a cell is a decimal, of no more digits than DECIMAL(38, …) has. */
export const isDecimal = (cell: string): string => `(strlen(${cell}) <= 30 AND ${matches(cell, decimal)})`;

/** An SQL expression: digits of a decimal that come after its point. */
export const decimalScale = (cell: string): string => `strlen(${cell}) - instr(${cell}, '.')`;

const scaleOf = (type: ColumnType): string => /,(\d+)\)$/.exec(type)?.[1] ?? "0";

/** An SQL condition: the text of a cell stands for a value of that type; false or null where the cell is null. */
export const fits = (type: ColumnType, cell: string, cast: Cast): string => {
  const value = `${cast}(${cell} AS ${type})`;
  const shown = `CAST(${value} AS VARCHAR)`;
  // CAST would be there twice: it gives up by itself.
  const isValue = cast === "TRY_CAST" ? ` AND ${value} IS NOT NULL` : "";
  const isShown = `coalesce(${shown} = ${cell}, false)`;
  switch (type) {
    case "BOOLEAN":
      return `${cell} IN ('true', 'false', 'True', 'False', 'TRUE', 'FALSE')`;
    case "BIGINT":
    case "HUGEINT":
      return isShown;
    case "DOUBLE":
      return `(strlen(${cell}) <= 16 AND ${matches(cell, plainDouble)}
        OR coalesce((${shown} = ${cell} OR ${shown} = ${cell} || '.0') AND isfinite(${value}), false))`;
    case "DATE":
      return `(strlen(${cell}) = 10 AND ${starts(cell)}${isValue})`;
    case "TIMESTAMP":
      // No offset, no more than microseconds.
      return `(strlen(${cell}) BETWEEN 14 AND 26 AND ${starts(cell)} AND NOT ends_with(${cell}, 'Z')
        AND NOT contains(${cell}, '+') AND ${dashes(cell)} = 2${isValue})`;
    case "TIMESTAMPTZ":
      return `((strlen(${cell}) BETWEEN 15 AND 27 AND ends_with(${cell}, 'Z')
          OR strlen(${cell}) BETWEEN 20 AND 32 AND ends_with(${cell}, '+00:00'))
        AND ${starts(cell)}${isValue})`;
    case "VARCHAR":
      return "true";
    default:
      return type === "JSON" ? "false" : `(${isDecimal(cell)} AND ${decimalScale(cell)} = ${scaleOf(type)})`;
  }
};

/** An SQL expression: the value of a cell that fits. */
export const cast = (type: ColumnType, cell: string): string => {
  if (type === "VARCHAR") return cell;
  const value = `CAST(${cell} AS ${type})`;
  if (!type.startsWith("DECIMAL")) return value;
  // Where 64 bits are enough it takes a fraction of the time.
  return `CASE WHEN strlen(${cell}) <= 18 THEN CAST(CAST(${cell} AS DECIMAL(18,${scaleOf(type)})) AS ${type}) ELSE ${value} END`;
};

/** An SQL expression: the value of a cell; gives up loading where the cell does not fit. */
export const typed = (type: ColumnType, cell: string): string => {
  if (type === "VARCHAR") return cell;
  const value = cast(type, cell);
  return `CASE WHEN ${fits(type, cell, "CAST")} THEN ${value} WHEN ${cell} IS NULL THEN NULL ELSE ${misfitError} END`;
};

/** Types in the order in which they are tried, decimals aside. */
export const tried = ["BOOLEAN", "BIGINT", "HUGEINT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ"] as const;
