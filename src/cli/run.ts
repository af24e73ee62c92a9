import { chooseCommand, strangeFlag, wantedFormat } from "./choose-command.ts";
import type { CommandEntry } from "./commands/index.ts";
import { commands } from "./commands/index.ts";
import type { ExitCode } from "./exit-code.ts";
import { usage } from "./flag.ts";
import type { Io } from "./session.ts";
import { flushed, ignoreClosedReaders } from "./streams.ts";

const nothingChosen = async (argv: readonly string[], io: Io): Promise<ExitCode> => {
  const [first] = argv;
  if (first === "--version" || first === "-V") {
    const { version } = await import("./version.ts");
    io.stdout.write(`${version()}\n`);
    return 0;
  }
  const { programHelp } = await import("./help.ts");
  if (first === "--help" || first === "-h") {
    io.stdout.write(programHelp());
    return 0;
  }
  if (first === undefined) {
    io.stderr.write(programHelp());
    return 3;
  }
  const strange = strangeFlag(argv);
  if (strange !== undefined) return refuseStrangeFlag(strange);
  throw usage("no command is given", "connector-deployer --help lists the commands");
};

const refuseStrangeFlag = async (flag: string): Promise<never> => {
  const { nearest } = await import("../nearest.ts");
  const { longName } = await import("./flag.ts");
  const { sharedFlags } = await import("./shared-flags.ts");
  const flags = ["--version", ...Object.values(sharedFlags).map(longName)];
  throw usage(
    `unknown flag ${JSON.stringify(flag)} before a command`,
    nearest(flag, flags, "flags that only one command has stand after it; others are"),
  );
};

const entryOf = async (name: string, argv: readonly string[]): Promise<CommandEntry> => {
  const entry = commands.find((command) => command.name === name);
  if (entry !== undefined) return entry;
  const strange = strangeFlag(argv);
  if (strange !== undefined) return refuseStrangeFlag(strange);
  const { nearest } = await import("../nearest.ts");
  const known = commands.map((command) => command.name);
  throw usage(`unknown command ${JSON.stringify(name)}`, nearest(name, known));
};

const dispatch = async (argv: readonly string[], io: Io): Promise<ExitCode> => {
  if (argv[0] === "completion" && argv[1] === "--words") {
    await (await import("./complete/complete.ts")).complete(argv.slice(2), io);
    return 0;
  }
  const { name, rest } = chooseCommand(argv);
  if (name === undefined) return nothingChosen(argv, io);
  if (name === "help" && !commands.some((command) => command.name === name)) {
    const topic = chooseCommand(rest).name;
    if (topic === undefined) return nothingChosen(["--help"], io);
    const { command } = await (await entryOf(topic, argv)).load();
    const { commandHelp } = await import("./parse-command.ts");
    io.stdout.write(commandHelp(topic, command));
    return 0;
  }
  const entry = await entryOf(name, argv);
  const { runCommand } = await import("./run-command.ts");
  return runCommand(name, (await entry.load()).command, rest, io);
};

/** Runs one command line and ends the process with its exit code. */
export const run = async (argv: readonly string[]): Promise<void> => {
  const io: Io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env };
  ignoreClosedReaders(io.stdout);
  ignoreClosedReaders(io.stderr);
  let exit: ExitCode;
  try {
    exit = await dispatch(argv, io);
  } catch (error) {
    const { fail } = await import("./fail.ts");
    const verbose = argv.includes("-v") || argv.includes("--verbose");
    exit = await fail(error, io, { format: wantedFormat(argv), noColor: argv.includes("--no-color"), verbose });
  }
  await Promise.all([flushed(io.stdout), flushed(io.stderr)]);
  process.exit(exit);
};
