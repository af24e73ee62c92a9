import { Command as Commander, CommanderError, Option } from "commander";
import { nearestName } from "../nearest.ts";
import type { Argument, Command } from "./command.ts";
import type { Flag, GivenFlags } from "./flag.ts";
import { longName, takesValue, usage } from "./flag.ts";
import { sharedFlags } from "./shared-flags.ts";

const program = "connector-deployer";

const argumentText = ({ name, required, repeats }: Argument): string => {
  const text = repeats === true ? `${name}...` : name;
  return required ? `<${text}>` : `[${text}]`;
};

const build = (name: string, command: Command): { commander: Commander; keys: ReadonlyMap<string, string> } => {
  const commander = new Commander(`${program} ${name}`)
    .description(command.description)
    .usage(["[flags]", ...(command.args ?? []).map(argumentText)].join(" "))
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  for (const arg of command.args ?? []) commander.argument(argumentText(arg), arg.description);
  const keys = new Map<string, string>();
  for (const [key, flag] of Object.entries(command.flags)) {
    const option = new Option(flag.flags, describe(key, flag, command));
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
    commander.addOption(option);
    keys.set(option.attributeName(), key);
  }
  return { commander, keys };
};

/** The formats of a command are its own. */
const describe = (key: string, flag: Flag<unknown>, command: Command): string =>
  key === "output" ? `${command.formats.join(", ")}; default ${command.formats[0] ?? "text"}` : flag.description;

/** Help of one command, with examples. */
export const commandHelp = (name: string, command: Command): string => {
  const examples = command.examples.flatMap(({ line, does }) => [`  ${program} ${line}`, `      ${does}`]);
  return [build(name, command).commander.helpInformation().trimEnd(), "", "Examples:", ...examples, ""].join("\n");
};

const unknownFlag = (flag: string, name: string, command: Command): Error => {
  const [written = flag] = flag.split("=");
  const own = Object.values(command.flags);
  if (written !== flag && own.some((known) => longName(known) === written && !takesValue(known))) {
    return usage(
      `${written} takes no value; ${JSON.stringify(flag.slice(written.length + 1))} was given`,
      `give ${written} alone, or leave it out`,
    );
  }
  const near = nearestName(written, own.map(longName));
  const elsewhere = Object.values(sharedFlags).some(
    (shared) => longName(shared) === written || shared.flags.startsWith(`${written},`),
  );
  const hint =
    near === undefined || elsewhere
      ? `${program} help ${name} lists its flags`
      : `did you mean ${near}? ${program} help ${name} lists its flags`;
  return usage(
    elsewhere ? `${name} has no use for ${written}` : `unknown flag ${JSON.stringify(written)} of ${name}`,
    hint,
  );
};

export type Parsed = { readonly given: GivenFlags; readonly args: readonly string[] };

/** Reads the arguments after a command's name. Throws `usage`. */
export const parseCommand = (name: string, command: Command, argv: readonly string[]): Parsed => {
  const { commander, keys } = build(name, command);
  let parsed: { operands: string[]; unknown: string[] };
  try {
    parsed = commander.parseOptions([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw usage(error.message.replace(/^error: /, ""), `${program} help ${name} lists its flags`);
  }
  const [unknown] = parsed.unknown;
  if (unknown !== undefined) throw unknownFlag(unknown, name, command);
  const given: Record<string, readonly string[]> = {};
  const values: Readonly<Record<string, unknown>> = commander.opts();
  for (const [attribute, key] of keys) {
    if (commander.getOptionValueSource(attribute) !== "cli") continue;
    const flag = command.flags[key];
    const texts = values[attribute];
    given[key] = flag !== undefined && takesValue(flag) && Array.isArray(texts) ? texts.map(String) : [""];
  }
  if (given["help"] === undefined) checkArguments(name, command, parsed.operands);
  return { given, args: parsed.operands };
};

const checkArguments = (name: string, command: Command, operands: readonly string[]): void => {
  const wanted = command.args ?? [];
  const missing = wanted[operands.length];
  if (missing?.required === true) {
    throw usage(
      `${name} needs ${argumentText(missing)}: ${missing.description}`,
      `${program} help ${name} has examples`,
    );
  }
  const extra = operands[wanted.length];
  if (extra !== undefined && wanted.at(-1)?.repeats !== true) {
    throw usage(`${name} does not take ${JSON.stringify(extra)}`, `${program} help ${name} lists what it takes`);
  }
};
