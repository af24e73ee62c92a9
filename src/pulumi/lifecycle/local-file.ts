import { createHash } from "node:crypto";
import { createReadStream, openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DeployerError } from "../../errors.ts";

type Problem = { readonly message: string; readonly hint: string };

type Known = { readonly signature: string; readonly digest: string };

const known = new Map<string, Known>();

/** Milliseconds: file systems stamp times in steps, so what changed this shortly before may change again unseen. */
const raceWindow = 50;

const missing = (path: string, error: unknown): Problem => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "ENOENT" || code === "ENOTDIR"
    ? { message: `there is no file "${path}"`, hint: "paths are relative to the folder of Pulumi.yaml" }
    : { message: `"${path}" cannot be read: ${code}`, hint: "check who may read it" };
};

const notAFile = (path: string): Problem => ({ message: `"${path}" is no file`, hint: "name a file of data" });

const signatureOf = async (path: string): Promise<{ signature: string; changedAt: number; isFile: boolean }> => {
  const facts = await stat(path, { bigint: true });
  const { size, mtimeNs, ctimeNs, ino } = facts;
  const changedAt = Math.max(Number(mtimeNs / 1_000_000n), Number(ctimeNs / 1_000_000n));
  return { signature: `${size} ${mtimeNs} ${ctimeNs} ${ino}`, changedAt, isFile: facts.isFile() };
};

/** `sha256:` and the digest of a file's content; read again only where the file changed. */
export const digestFile = async (
  dir: string,
  path: string,
): Promise<{ readonly digest: string } | { readonly problem: Problem }> => {
  const place = resolve(dir, path);
  try {
    const { signature, changedAt, isFile } = await signatureOf(place);
    if (!isFile) return { problem: notAFile(path) };
    const before = known.get(place);
    if (before?.signature === signature) return { digest: before.digest };
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(place)) hash.update(chunk as Uint8Array);
    const digest = `sha256:${hash.digest("hex")}`;
    if (Date.now() - changedAt > raceWindow) known.set(place, { signature, digest });
    return { digest };
  } catch (error) {
    return { problem: missing(path, error) };
  }
};

/** A file to be uploaded, streamed. Throws `invalid-files`. */
export const openLocalFile = async (dir: string, path: string): Promise<Blob> => {
  const place = resolve(dir, path);
  try {
    if ((await stat(place)).isFile()) return await openAsBlob(place);
  } catch (error) {
    const { message, hint } = missing(path, error);
    throw new DeployerError("invalid-files", message, { hint });
  }
  const { message, hint } = notAFile(path);
  throw new DeployerError("invalid-files", message, { hint });
};
