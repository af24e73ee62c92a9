import { given } from "./given.ts";
import type { Given, Item, Run } from "./items.ts";
import { charactersOf, count, kindOf, refuseMissing, scalar, stringOf, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { numeric, truth } from "./operators.ts";

/** What a filter makes of a value. */
export type Filter = (run: Run, item: Item, from: Given, place: Place) => Item;

/** The items of a list, the keys of a mapping, the characters of a text. */
export const itemsOf = (run: Run, item: Item, place: Place): readonly Item[] => {
  refuseMissing(item);
  if (item.type === "list") return item.items;
  if (item.type === "dict") return [...item.entries.keys()].map((key) => scalar(key));
  const text = stringOf(run, item, place);
  if (text === undefined) return wrongType(place, `a list is needed here, not ${kindOf(item)}`, "give it a list");
  return charactersOf(run, text, place).map((one) => scalar(one));
};

export const numberIn = (item: Item, place: Place): number => {
  refuseMissing(item);
  return numeric(item) ?? wrongType(place, `a number is needed here, not ${kindOf(item)}`, "give it a number");
};

export const isFloat = (item: Item): boolean => item.type === "scalar" && item.float === true;
/** Whether something that a filter got holds. */
export const flag = (run: Run, from: Given, at: number, name: string, place: Place): boolean => {
  const item = given(from, at, name);
  return item !== undefined && truth(run, item, place);
};

/** `a.b.0` of an item, or what else an attribute names. */
export const attributeOf = (run: Run, item: Item, path: string, place: Place): Item => {
  let found = item;
  for (const key of path.split(".")) {
    refuseMissing(found);
    const next: Item | undefined =
      found.type === "dict" || found.type === "namespace"
        ? found.entries.get(key)
        : found.type === "list" && /^\d+$/.test(key)
          ? found.items[Number(key)]
          : undefined;
    count(run, place);
    found = next ?? {
      type: "missing",
      place,
      message: `there is no "${key}" below ${kindOf(found)}`,
      hint: "give it one",
    };
  }
  return found;
};
