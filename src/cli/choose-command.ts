import { longName, shortName, takesValue } from "./flag.ts";
import { sharedFlags } from "./shared-flags.ts";

const valued: ReadonlySet<string> = new Set(
  Object.values(sharedFlags)
    .filter(takesValue)
    .flatMap((flag) => [longName(flag), shortName(flag) ?? longName(flag)]),
);

const known: ReadonlySet<string> = new Set(
  Object.values(sharedFlags).flatMap((flag) => [longName(flag), shortName(flag) ?? longName(flag)]),
);

/** The first argument where it is a flag that may not stand before a command. */
export const strangeFlag = ([first = ""]: readonly string[]): string | undefined => {
  const [written = ""] = first.startsWith("--") ? first.split("=") : [first.slice(0, 2)];
  return first.startsWith("-") && !known.has(written) ? first : undefined;
};

/** The command's name, and the other arguments in their order; flags may stand before it. */
export const chooseCommand = (
  argv: readonly string[],
): { readonly name: string | undefined; readonly rest: readonly string[] } => {
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") break;
    if (!argument.startsWith("-")) return { name: argument, rest: [...argv.slice(0, index), ...argv.slice(index + 1)] };
    if (valued.has(argument)) index += 1;
  }
  return { name: undefined, rest: argv };
};

/** What `--output` asks for, found without knowing the command: an error has to be in that form too. */
export const wantedFormat = (argv: readonly string[]): string | undefined => {
  for (const [index, argument] of argv.entries()) {
    if (argument === "--") return undefined;
    if (argument === "-o" || argument === "--output") return argv[index + 1];
    if (argument.startsWith("--output=")) return argument.slice("--output=".length);
    if (/^-o[a-z]+$/.test(argument)) return argument.slice(2);
  }
  return undefined;
};
