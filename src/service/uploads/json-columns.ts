import type { Json, Properties } from "../../contract/index.ts";
import type { ColumnType } from "../data/types.ts";

/** What was seen of a property, as bits. */
const text = 1;
const boolean = 2;
const whole = 4;
/** Whole numbers that JavaScript and DOUBLE cannot hold. */
const wide = 8;
const huge = 16;
const fraction = 32;
const nested = 64;

/** Values of a column from which on it can be told whether they differ. */
export const tellingCount = 500;

/** Texts of some records, by property: which columns hardly have one twice. */
export const createVariety = () => {
  const texts = new Map<string, { count: number; readonly different: Set<string> }>();
  return {
    add: (properties: Properties): void => {
      for (const [name, value] of Object.entries(properties)) {
        if (typeof value !== "string") continue;
        const seen = texts.get(name) ?? { count: 0, different: new Set<string>() };
        texts.set(name, seen);
        seen.count++;
        seen.different.add(value);
      }
    },
    varied: (): ReadonlySet<string> =>
      new Set(
        Array.from(texts)
          .filter(([, { count, different }]) => count >= tellingCount && 2 * different.size > count)
          .map(([name]) => name),
      ),
  };
};

/** By property, in the order of their first coming. */
export type Seen = Map<string, number>;

export const look = (seen: Seen, properties: Properties): void => {
  for (const name of Object.keys(properties)) {
    const before = seen.get(name) ?? 0;
    const now = before | kindOf(properties[name]);
    if (now !== before || !seen.has(name)) seen.set(name, now);
  }
};

const kindOf = (value: Json | undefined): number => {
  switch (typeof value) {
    case "string":
      return text;
    case "boolean":
      return boolean;
    case "number":
      if (!Number.isInteger(value)) return fraction;
      if (Number.isSafeInteger(value)) return whole;
      return Math.abs(value) < 2 ** 63 ? whole | wide : whole | wide | huge;
    default:
      return value === null || value === undefined ? 0 : nested;
  }
};

export type JsonColumn = {
  readonly name: string;
  /** Undefined: only nulls. */
  readonly type: ColumnType | undefined;
};

/** `isLoose`: numbers as they are written, whatever column that takes. */
export const columnsOf = (seen: Seen, isLoose: boolean): readonly JsonColumn[] =>
  Array.from(seen, ([name, kinds]) => ({
    name,
    type: isLoose && (kinds & (whole | fraction)) > 0 ? "JSON" : typeOf(kinds),
  }));

const typeOf = (kinds: number): ColumnType | undefined => {
  if (kinds === 0) return undefined;
  if (kinds === text) return "VARCHAR";
  if (kinds === boolean) return "BOOLEAN";
  if (kinds === whole || kinds === (whole | wide)) return "BIGINT";
  if (kinds === (whole | wide | huge)) return "HUGEINT";
  if (kinds === fraction || kinds === (whole | fraction)) return "DOUBLE";
  return "JSON";
};
