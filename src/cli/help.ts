import { commands } from "./commands/index.ts";
import { exitCodes } from "./exit-code.ts";

/** What `--help` without a command prints. */
export const programHelp = (): string => {
  const widest = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Usage: connector-deployer <command> [flags]",
    "",
    "Declarative, multi-tenant deployer of data connectors: plan, apply exactly that plan, no noise.",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(widest)}  ${summary}`),
    "",
    "  connector-deployer help <command>   flags and examples of a command",
    "  connector-deployer --version        the version",
    "",
    "Exit codes:",
    ...Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`),
    "",
  ].join("\n");
};
