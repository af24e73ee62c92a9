import type { Given, Item, Run } from "./items.ts";
import { kindOf, refuseMissing, stringOf, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";

/** A value that a call got at a position or by a name. */
export const given = ({ positional, named }: Given, at: number, name: string): Item | undefined =>
  positional[at] ?? named.get(name);

const nothing = (item: Item | undefined): boolean =>
  item === undefined || (item.type === "scalar" && item.value === null);

export const textGiven = (run: Run, from: Given, at: number, name: string, place: Place): string | undefined => {
  const item = given(from, at, name);
  if (item === undefined || nothing(item)) return undefined;
  refuseMissing(item);
  return (
    stringOf(run, item, place) ?? wrongType(place, `a text is needed here, not ${kindOf(item)}`, "put it in quotes")
  );
};

export const wholeGiven = (from: Given, at: number, name: string, place: Place): number | undefined => {
  const item = given(from, at, name);
  if (item === undefined || nothing(item)) return undefined;
  refuseMissing(item);
  if (item.type === "scalar" && typeof item.value === "number" && Number.isInteger(item.value)) return item.value;
  return wrongType(place, `a whole number is needed here, not ${kindOf(item)}`, "give it one");
};

/** A value that a call cannot do without. */
export const needed = <T>(value: T | undefined, place: Place): T =>
  value ?? wrongType(place, "a value is missing between the brackets", "give it one");
