import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { DeployerError } from "../errors.ts";
import { commandRunner } from "./run-command.ts";
import type { SecretOptions, SecretSource } from "./types.ts";

const limit = 1024 * 1024;

class TooLarge extends Error {}

const readFromDisk = async (path: string, limit: number): Promise<Uint8Array> => {
  await using handle = await open(path, "r");
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A stat would say nothing about a pipe.
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(16_384), 0, 16_384, null);
    if (bytesRead === 0) return Buffer.concat(chunks, size);
    size += bytesRead;
    if (size > limit) throw new TooLarge();
    chunks.push(buffer.subarray(0, bytesRead));
  }
};

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, "");

const because = (error: unknown): string => {
  if (error instanceof TooLarge) return "it is larger than 1 MB";
  if (error instanceof TypeError) return "it is not UTF-8 text";
  const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
  return code === "ENOENT" ? "there is no such file" : code;
};

const missing = (name: string, why: string, hint: string): DeployerError =>
  new DeployerError("missing-secret", `the secret ${name} has no value: ${why}`, { hint, details: { name } });

/** A function that gives the value of a secret's source; throws `missing-secret` or `secret-command-failed`. */
export const sourceReader = (options: SecretOptions) => {
  const { env, dir, readFile = readFromDisk, run = commandRunner(options) } = options;

  const fromFile = async (name: string, file: string): Promise<string> => {
    try {
      const bytes = await readFile(resolve(dir, file), limit);
      if (bytes.length > limit) throw new TooLarge();
      return withoutLineEnd(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (error) {
      throw missing(name, `cannot read the file ${file}: ${because(error)}`, "write the secret into that file");
    }
  };

  const fromCommand = async (name: string, argv: readonly string[], signal: AbortSignal): Promise<string> => {
    const result = await run(argv, signal);
    if (result.ended === "success") return withoutLineEnd(result.output);
    throw new DeployerError(
      "secret-command-failed",
      `the command for the secret ${name} (${argv[0] ?? ""}) failed: ${result.because}`,
      { hint: "run it by hand; what it printed is not shown, since it may hold the secret", details: { name } },
    );
  };

  return async (name: string, source: SecretSource, signal: AbortSignal): Promise<string> => {
    if ("env" in source) {
      const value = env[source.env] ?? "";
      if (value !== "") return value;
      const state = env[source.env] === undefined ? "not set" : "empty";
      throw missing(name, `the environment variable ${source.env} is ${state}`, `set ${source.env}`);
    }
    const value =
      "file" in source ? await fromFile(name, source.file) : await fromCommand(name, source.command, signal);
    if (value !== "") return value;
    const what = "file" in source ? `the file ${source.file}` : `what ${source.command[0] ?? "the command"} printed`;
    throw missing(name, `${what} is empty`, "put the secret there");
  };
};
