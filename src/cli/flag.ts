import { DeployerError } from "../errors.ts";

/** A flag as data: how it is written, what it does, and how its texts become a value. */
export type Flag<Value> = {
  /** As commander reads it: `-t, --tenant <glob>`. */
  readonly flags: string;
  readonly description: string;
  /** `texts`: one for each time that it was given; a flag without a value gives "". */
  readonly read: (texts: readonly string[]) => Value;
};

export type FlagSet = { readonly [key: string]: Flag<unknown> };
export type FlagValues<Set extends FlagSet> = {
  readonly [Key in keyof Set]: Set[Key] extends Flag<infer Value> ? Value : never;
};
/** What was given on the command line, by the keys of a flag set. */
export type GivenFlags = { readonly [key: string]: readonly string[] };

export const readFlags = <Set extends FlagSet>(set: Set, given: GivenFlags): FlagValues<Set> =>
  Object.fromEntries(Object.entries(set).map(([key, flag]) => [key, flag.read(given[key] ?? [])])) as FlagValues<Set>;

export const longName = (flag: Flag<unknown>): string => /--[a-z-]+/.exec(flag.flags)?.[0] ?? flag.flags;
export const shortName = (flag: Flag<unknown>): string | undefined => /^-[a-zA-Z]\b/.exec(flag.flags)?.[0];
export const takesValue = (flag: Flag<unknown>): boolean => flag.flags.includes("<");

export const toggle = (flags: string, description: string): Flag<boolean> => ({
  flags,
  description,
  read: (texts) => texts.length > 0,
});

/** The last one given counts. */
export const single = <Value>(
  flags: string,
  description: string,
  parse: (text: string) => Value,
): Flag<Value | undefined> => ({
  flags,
  description,
  read: (texts) => {
    const last = texts.at(-1);
    return last === undefined ? undefined : parse(last);
  },
});

export const singleOr = <Value>(
  flags: string,
  description: string,
  parse: (text: string) => Value,
  otherwise: Value,
): Flag<Value> => ({
  flags,
  description,
  read: (texts) => {
    const last = texts.at(-1);
    return last === undefined ? otherwise : parse(last);
  },
});

export const repeated = (
  flags: string,
  description: string,
  parse: (text: string) => string,
): Flag<readonly string[]> => ({
  flags,
  description,
  read: (texts) => texts.map(parse),
});

export const usage = (message: string, hint: string): DeployerError => new DeployerError("usage", message, { hint });

/** Text that has to be there: an empty one is most often a shell variable that is not set. */
export const filled =
  (flag: string) =>
  (text: string): string => {
    if (text === "") throw usage(`${flag} is empty`, "give it a value; a shell variable may not be set");
    return text;
  };

/** `name=value`. */
export const nameAndValue = (flag: string, text: string): readonly [string, string] => {
  const index = text.indexOf("=");
  if (index < 1) throw usage(`${flag} is ${JSON.stringify(text)}`, `write it as ${flag} name=value`);
  return [text.slice(0, index), text.slice(index + 1)];
};

/** `name=value`, kept as it is written. */
export const pair =
  (flag: string) =>
  (text: string): string => {
    nameAndValue(flag, filled(flag)(text));
    return text;
  };

/** `kind/_id`, or a glob of them; a star alone is everything. */
export const address =
  (flag: string) =>
  (text: string): string => {
    if (text === "*" || text === "**") return "**";
    if (!filled(flag)(text).includes("/")) {
      throw usage(`${flag} is ${JSON.stringify(text)}`, `write it as KIND/_ID, such as '${flag} connection/*'`);
    }
    return text;
  };

/** A glob of `kind/_id` as an argument. */
export const resourceGlob = address("the name");

export const wholeNumber =
  (flag: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw usage(`${flag} is ${JSON.stringify(text)}`, `give it a whole number from ${least} to ${most}`);
    }
    return value;
  };

/** `N` or `P%`. */
export const numberOrShare =
  (flag: string) =>
  (text: string): number | `${number}%` => {
    const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
    const value = Number(digits);
    const fits = percent === "%" ? value <= 100 : Number.isSafeInteger(value);
    if (digits === undefined || !fits) {
      throw usage(`${flag} is ${JSON.stringify(text)}`, "give it a number such as 5, or a share such as 10%");
    }
    return percent === "%" ? `${value}%` : value;
  };

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest that a timer can wait. */
const longest = 2 ** 31 - 1;

/** `90s`, `10m`, `1h`, `500ms`; in milliseconds. */
export const milliseconds =
  (flag: string) =>
  (text: string): number => {
    const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    const value = Number(digits) * (units[unit] ?? Number.NaN);
    if (!(value > 0 && value <= longest)) {
      throw usage(`${flag} is ${JSON.stringify(text)}`, "give it a duration such as 90s, 10m or 1h");
    }
    return value;
  };

export const oneOf =
  <const Choice extends string>(flag: string, choices: readonly Choice[]) =>
  (text: string): Choice => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw usage(`${flag} is ${JSON.stringify(text)}`, `give it one of: ${choices.join(", ")}`);
    return found;
  };
