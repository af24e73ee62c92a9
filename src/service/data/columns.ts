import type { Column, ColumnType } from "./types.ts";

/** The columns that every table has; the second one is not shown to users. */
export const idColumn = "_id";
export const byColumn = "_by";

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

// DuckDB folds ASCII alone.
export const folded = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const marked = /#\d+$/;

/** The property that a column holds: its name without the `#N` that tells it from others. */
export const propertyOf = (column: string): string => column.replace(marked, "");

/** Which column holds which property. */
export type ColumnNames = {
  /** The column of a property; undefined: there is none yet. */
  of(property: string): string | undefined;
  /** The column of a property; the one that it would have, from now on, where there is none. */
  add(property: string): string;
};

/**
 * A property's column has its name. SQL does not tell upper from lower case, takes no empty names and has `_id` and `_by`
 * already: a property whose name is taken, is empty or ends with `#N` itself is marked with the first `#N` that is free.
 */
export const columnNames = (columns: Iterable<string>): ColumnNames => {
  const byProperty = new Map<string, string>();
  const taken = new Set([idColumn, byColumn]);
  for (const column of columns) {
    if (taken.has(column)) continue;
    taken.add(folded(column));
    byProperty.set(propertyOf(column), column);
  }
  return {
    of: (property) => byProperty.get(property),
    add: (property) => {
      const present = byProperty.get(property);
      if (present !== undefined) return present;
      let column = property;
      for (let mark = 1; column === "" || marked.test(property) || taken.has(folded(column)); mark++) {
        column = `${property}#${mark}`;
        if (!taken.has(folded(column))) break;
      }
      taken.add(folded(column));
      byProperty.set(property, column);
      return column;
    },
  };
};

const decimalPattern = /^DECIMAL\((\d+),(\d+)\)$/;

const decimalOf = (type: ColumnType): { readonly whole: number; readonly scale: number } | undefined => {
  if (type === "BIGINT") return { whole: 19, scale: 0 };
  if (type === "HUGEINT") return { whole: 39, scale: 0 };
  const match = decimalPattern.exec(type);
  if (match === null) return undefined;
  const scale = Number(match[2]);
  return { whole: Number(match[1]) - scale, scale };
};

const isTextual = (type: ColumnType): boolean =>
  type === "VARCHAR" || type === "DATE" || type === "TIME" || type === "TIMESTAMP" || type === "TIMESTAMPTZ";

export const isNumeric = (type: ColumnType): boolean =>
  type === "BIGINT" || type === "HUGEINT" || type === "DOUBLE" || type.startsWith("DECIMAL");

/** Digits that DOUBLE keeps, whatever they are. */
const exactDigits = 15;

/** The narrowest type that holds the values of both as they are; JSON where no other does. */
export const joined = (one: ColumnType, other: ColumnType): ColumnType => {
  if (one === other) return one;
  if (one === "JSON" || other === "JSON") return "JSON";
  if (isTextual(one) && isTextual(other)) {
    const both = new Set([one, other]);
    return both.has("DATE") && both.has("TIMESTAMP") ? "TIMESTAMP" : "VARCHAR";
  }
  if (one === "DOUBLE" || other === "DOUBLE") {
    const exact = one === "DOUBLE" ? other : one;
    if (exact === "BIGINT" || exact === "HUGEINT") return "DOUBLE";
    const decimal = decimalOf(exact);
    return decimal !== undefined && decimal.whole + decimal.scale <= exactDigits ? "DOUBLE" : "JSON";
  }
  const [left, right] = [decimalOf(one), decimalOf(other)];
  if (left === undefined || right === undefined) return "JSON";
  const scale = Math.max(left.scale, right.scale);
  if (scale === 0 && (one === "HUGEINT" || other === "HUGEINT")) return "HUGEINT";
  const whole = Math.max(left.whole, right.whole);
  return whole + scale <= 38 ? `DECIMAL(${whole + scale},${scale})` : "JSON";
};

const isoText = (type: ColumnType, value: string): string => {
  if (type === "TIMESTAMP") return `replace(CAST(${value} AS VARCHAR), ' ', 'T')`;
  if (type === "TIMESTAMPTZ") return `replace(CAST(timezone('UTC', ${value}) AS VARCHAR), ' ', 'T') || 'Z'`;
  return `CAST(${value} AS VARCHAR)`;
};

/** An SQL expression: the JSON text of a value of that type; null for null. */
export const jsonText = (type: ColumnType, value: string): string => {
  switch (type) {
    case "BOOLEAN":
    case "BIGINT":
    case "HUGEINT":
    case "JSON":
      return `CAST(${value} AS VARCHAR)`;
    case "DOUBLE":
      return `CASE WHEN NOT isfinite(${value}) THEN '"' || CAST(${value} AS VARCHAR) || '"'
        WHEN ${value} = trunc(${value}) AND abs(${value}) < 9007199254740992 THEN CAST(CAST(${value} AS BIGINT) AS VARCHAR)
        ELSE CAST(to_json(${value}) AS VARCHAR) END`;
    case "VARCHAR":
      return `CAST(to_json(${value}) AS VARCHAR)`;
    case "DATE":
    case "TIME":
    case "TIMESTAMP":
    case "TIMESTAMPTZ":
      return `'"' || ${isoText(type, value)} || '"'`;
    default:
      // DECIMAL(3,3) prints as .500
      return `regexp_replace(CAST(${value} AS VARCHAR), '^(-?)\\.', '\\10.')`;
  }
};

/** An SQL expression: a value of one type as another one that {@link joined} gave. */
export const converted = (from: ColumnType, to: ColumnType, value: string): string => {
  if (from === to) return value;
  if (to === "JSON") return `CAST(${jsonText(from, value)} AS JSON)`;
  if (to === "VARCHAR") return isoText(from, value);
  return `CAST(${value} AS ${to})`;
};

/**
 * An SQL expression: the JSON text of a record's `_source`, without what is null. Members that SQL names with a mark
 * have their own names; whole numbers and decimals have all their digits.
 */
export const sourceText = (columns: readonly Column[]): string => {
  const members = columns
    .filter(({ name }) => name !== idColumn)
    .map(({ name, type }) => `${literal(`${JSON.stringify(propertyOf(name))}:`)} || ${jsonText(type, quoted(name))}`);
  return members.length === 0 ? "'{}'" : `'{' || concat_ws(',', ${members.join(", ")}) || '}'`;
};
