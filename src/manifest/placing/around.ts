import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Tree } from "../parse/tree.ts";
import { jsonOf } from "../parse/tree.ts";
import type { Wish } from "./candidates.ts";
import { agreeOnValue } from "./candidates.ts";
import { evaluate } from "./evaluate.ts";
import type { Walk } from "./walk.ts";
import { isContainer } from "./walk.ts";

/** Stands for what is kept while the rest is written; no text of a file holds it. */
const keptPart = "5d0c6f0e-kept-part-of-the-template";

const mostLevels = 4;

/** The value with another one in place of each part that equals this one; `found` counts them. */
const replaced = (value: Json, part: Json, by: Json, found: { count: number }, levels = mostLevels): Json => {
  if (equal(value, part)) {
    found.count++;
    return by;
  }
  if (levels === 0) return value;
  if (Array.isArray(value)) return value.map((item: Json) => replaced(item, part, by, found, levels - 1));
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, replaced(member, part, by, found, levels - 1)]);
  return Object.fromEntries(members) as Json;
};

/** True where a value is more than another one, and may hold it. */
export const mayHold = (value: Json, part: Json): boolean => {
  if (!isContainer(value) || equal(value, part)) return false;
  const found = { count: 0 };
  replaced(value, part, null, found);
  return found.count === 1;
};

/**
 * A value of a template around what stood there before, which keeps its variables; undefined where some instance does not
 * have it once in what it wants.
 */
export const agreeAround = ({ source, style }: Walk, node: Tree, wishes: readonly Wish<Json>[]): Json | undefined => {
  // Written anew, it would lose its comments.
  if (!source.file.endsWith(".json") && source.text.slice(node.start, node.end).includes("#")) return undefined;
  const raw = jsonOf(node);
  const around = wishes.flatMap((wish) => {
    const part = evaluate(raw, wish.scope, style.dialect);
    const found = { count: 0 };
    const want = part === undefined ? null : replaced(wish.want, part, keptPart, found);
    return found.count === 1 && want !== keptPart ? [{ ...wish, want }] : [];
  });
  if (around.length < wishes.length) return undefined;
  const value = agreeOnValue(around, style);
  return value === undefined ? undefined : replaced(value, keptPart, raw, { count: 0 });
};
