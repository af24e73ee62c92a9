import { DeployerError } from "../errors.ts";
import { diagnosticsOf, renderError } from "../render/index.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitOfError } from "./exit-code.ts";
import type { Io } from "./session.ts";
import { wantsColour } from "./streams.ts";

/** Whatever was thrown, as an error with a code; what is not ours is a defect. */
export const asDeployerError = (thrown: unknown): DeployerError => {
  if (thrown instanceof DeployerError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DeployerError("internal", message, {
    cause: thrown,
    hint: "run it again with -v for the stack, and report it",
  });
};

const errorDocument = (error: DeployerError, exit: ExitCode): object => {
  const diagnostics = diagnosticsOf(error);
  return {
    type: "error",
    schemaVersion: 1,
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(diagnostics.length === 0 ? {} : { diagnostics }),
    exit,
  };
};

export type FailOptions = { readonly format: string | undefined; readonly noColor: boolean; readonly verbose: boolean };

/** Says what went wrong, in the form that was asked for, and gives the exit code. */
export const fail = async (thrown: unknown, io: Io, options: FailOptions): Promise<ExitCode> => {
  const error = asDeployerError(thrown);
  const exit = exitOfError(error.code);
  const colour = wantsColour(io.stderr, io.env, options.noColor);
  io.stderr.write(`${renderError(error, { colour, stack: options.verbose })}\n`);
  if (options.format === "json" || options.format === "jsonl" || options.format === "yaml") {
    const { documentText } = await import("./output.ts");
    io.stdout.write(await documentText(errorDocument(error, exit), options.format));
  }
  return exit;
};
