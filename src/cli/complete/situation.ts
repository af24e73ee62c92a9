import { chooseCommand } from "../choose-command.ts";
import type { Command } from "../command.ts";
import { commands } from "../commands/index.ts";
import type { Flag, FlagSet } from "../flag.ts";
import { longName, shortName, takesValue } from "../flag.ts";
import { sharedFlags } from "../shared-flags.ts";

/** What is being typed. */
export type Situation = {
  readonly command: string | undefined;
  readonly loaded: Command | undefined;
  readonly flags: FlagSet;
  /** The word that is being typed: all of it, or what follows `--flag=`. */
  readonly typed: string;
  /** What stands before `typed` in the same word. */
  readonly before: string;
  readonly expects:
    | { readonly what: "command" }
    | { readonly what: "flag" }
    | { readonly what: "value"; readonly key: string; readonly flag: Flag<unknown> }
    | { readonly what: "argument"; readonly index: number };
  /** Values given so far, by the keys of the flags. */
  readonly given: ReadonlyMap<string, string>;
};

const flagOf = (flags: FlagSet, word: string): readonly [string, Flag<unknown>] | undefined =>
  Object.entries(flags).find(([, flag]) => longName(flag) === word || shortName(flag) === word);

/** Flags with their values, and how many arguments there are. */
const readWords = (flags: FlagSet, words: readonly string[]) => {
  const given = new Map<string, string>();
  let operands = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const [name = "", value] = word.startsWith("--") ? word.split(/=(.*)/s) : [word];
    const found = flagOf(flags, name);
    if (found === undefined) {
      if (!word.startsWith("-")) operands += 1;
      continue;
    }
    if (takesValue(found[1])) given.set(found[0], value ?? words[++index] ?? "");
  }
  return { given, operands };
};

/** What may stand at the end of the given words; the last one is being typed. */
export const situationOf = async (words: readonly string[]): Promise<Situation> => {
  const current = words.at(-1) ?? "";
  const earlier = words.slice(0, -1);
  const { name, rest } = chooseCommand(earlier);
  const entry = commands.find((candidate) => candidate.name === name);
  const loaded = entry === undefined ? undefined : (await entry.load()).command;
  const flags: FlagSet = loaded?.flags ?? sharedFlags;
  const { given, operands } = readWords(flags, rest);
  const head = { command: name, loaded, flags, given };
  const [, written = "", value] = /^(--[a-z-]+)=(.*)$/s.exec(current) ?? [];
  const joined = flagOf(flags, written);
  if (joined !== undefined && value !== undefined && takesValue(joined[1])) {
    const [key, flag] = joined;
    return { ...head, typed: value, before: `${written}=`, expects: { what: "value", key, flag } };
  }
  const here = { ...head, typed: current, before: "" };
  const previous = flagOf(flags, earlier.at(-1) ?? "");
  if (previous !== undefined && takesValue(previous[1])) {
    return { ...here, expects: { what: "value", key: previous[0], flag: previous[1] } };
  }
  if (current.startsWith("-")) return { ...here, expects: { what: "flag" } };
  if (name === undefined) return { ...here, expects: { what: "command" } };
  return { ...here, expects: { what: "argument", index: operands } };
};
