import type { Given, Item, Run } from "./items.ts";
import { count, kindOf, listItem, literal, refuseMissing, scalar, wrongType } from "./items.ts";
import type { Place } from "./nodes.ts";
import { numeric } from "./operators.ts";

type Call = (run: Run, given: Given, place: Place) => Item;

/** Longest list that `range` makes. */
const maxRange = 100_000;

const range: Call = (run, { positional }, place) => {
  const numbers = positional.map((item) => {
    refuseMissing(item);
    const value = numeric(item);
    if (value !== undefined && Number.isInteger(value)) return value;
    return wrongType(place, `range needs whole numbers, not ${kindOf(item)}`, "write range(3) or range(1, 4)");
  });
  const [first = 0, second, step = 1] = numbers;
  if (numbers.length === 0 || step === 0)
    wrongType(place, "range needs an end, and a step other than 0", "write range(3)");
  const [from, to] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (length > maxRange) wrongType(place, `range makes at most ${maxRange} numbers, not ${length}`, "loop over less");
  return listItem(
    run,
    place,
    Array.from({ length }, (_, index) => scalar(from + index * step)),
  );
};

const entriesOf = (run: Run, { positional: [of], named }: Given, place: Place): Map<string, Item> => {
  if (of !== undefined && of.type !== "dict") {
    refuseMissing(of);
    return wrongType(place, `a mapping is needed here, not ${kindOf(of)}`, "write namespace(count=0) or dict(a=1)");
  }
  count(run, place, of?.entries.size ?? 0);
  return new Map([...(of?.entries ?? []), ...named]);
};

const joiner: Call = (_, { positional: [separator = literal(", ")] }) => {
  let used = false;
  const call = (): Item => {
    const item = used ? separator : literal("");
    used = true;
    return item;
  };
  return { type: "callable", name: "joiner", call };
};

const cycler: Call = (_, { positional }, place) => {
  if (positional.length === 0) wrongType(place, "cycler needs values", "write cycler('odd', 'even')");
  let at = 0;
  const next = (): Item => positional[at++ % positional.length] ?? literal("");
  return { type: "namespace", entries: new Map([["next", { type: "callable", name: "next", call: next }]]) };
};

const functions: { readonly [name: string]: Call } = {
  range,
  namespace: (run, given, place) => ({ type: "namespace", entries: entriesOf(run, given, place) }),
  dict: (run, given, place) => ({ type: "dict", entries: entriesOf(run, given, place) }),
  joiner,
  cycler,
};

/** A function of the language; undefined where there is none of the name. */
export const functionNamed = (run: Run, name: string): Item | undefined => {
  const call = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return call && { type: "callable", name, call: (given, place) => call(run, given, place) };
};
