import type { ExitCode } from "./exit-code.ts";
import type { FlagSet, FlagValues, GivenFlags } from "./flag.ts";
import { readFlags } from "./flag.ts";
import type { Session } from "./session.ts";
import type { Format } from "./shared-flags.ts";

export type Argument = {
  /** As help shows it, without brackets. */
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** Any number of them; only the last argument. */
  readonly repeats?: true;
};

export type Example = { readonly line: string; readonly does: string };

/** A command without how it runs: what help and documentation say of it. */
export type CommandFacts = {
  /** What it does, in a few sentences. */
  readonly description: string;
  readonly args?: readonly Argument[];
  readonly examples: readonly Example[];
  /** What `--output` takes; the first is the default. */
  readonly formats: readonly Format[];
  /** It writes or serves: when stopped, it is waited for. Other commands are left after a moment. */
  readonly endsItself?: "writes" | "serves";
  /** `--out` means something of its own here; default: a file for the data. */
  readonly ownOut?: true;
};

export type Command = CommandFacts & {
  readonly flags: FlagSet;
  readonly execute: (given: GivenFlags, args: readonly string[], session: Session) => Promise<ExitCode>;
};

/** A command with its flags' types put together. */
export const defineCommand = <const Set extends FlagSet>(
  command: CommandFacts & {
    readonly flags: Set;
    readonly run: (flags: FlagValues<Set>, session: Session, args: readonly string[]) => Promise<ExitCode>;
  },
): Command => {
  const { run, ...facts } = command;
  return { ...facts, execute: (given, args, session) => run(readFlags(command.flags, given), session, args) };
};
