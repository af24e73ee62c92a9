import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { redact } from "../../infino/index.ts";
import { withoutCredentials } from "../../resources/index.ts";
import type { SecretSource } from "../../secrets/index.ts";

type Env = { readonly [name: string]: string | undefined };

/** Shorter ones cannot be told from words. */
const shortest = 6;
const telling = /(?:SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|_KEY$)/i;

const secretOf = async (source: SecretSource, env: Env, dir: string): Promise<string> => {
  if ("env" in source) return env[source.env] ?? "";
  // A command is not run for this: what it prints is known to nobody here.
  if (!("file" in source)) return "";
  return readFile(resolve(dir, source.file), "utf8").catch(() => "");
};

/** Values of variables whose name says that they are secret, and of secrets that have a variable or a file. */
export const knownSecrets = async (
  sources: readonly SecretSource[],
  env: Env,
  dir: string,
): Promise<readonly string[]> => {
  const named = Object.entries(env).flatMap(([name, value]) => (telling.test(name) ? [value ?? ""] : []));
  const declared = await Promise.all(sources.map((source) => secretOf(source, env, dir)));
  const whole = [...named, ...declared].map((value) => value.trim());
  // A private key is quoted line by line.
  const values = whole.flatMap((value) => [value, ...value.split(/\r?\n/).map((line) => line.trim())]);
  return [...new Set(values)].filter((value) => value.length >= shortest);
};

/** One line of what pulumi printed, without those values and what looks like a credential. */
export const shownLine = (text: string, secrets: readonly string[]): string =>
  withoutCredentials(redact(text, undefined, secrets));
