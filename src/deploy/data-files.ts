import { createHash } from "node:crypto";
import { createReadStream, openAsBlob, realpathSync } from "node:fs";
import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { DeployerError } from "../errors.ts";
import type { ProjectFiles, SecretSource } from "../manifest/index.ts";
import { insideOf, isKept, realPath } from "../manifest/index.ts";

/** Why a file of the project cannot be one that is uploaded. */
export type DataFileProblem = {
  readonly code: "file-not-found" | "path-outside-project" | "invalid-value";
  readonly message: string;
  readonly hint: string;
};

/** The files of a project that are uploaded. Paths are relative to the project folder. */
export type DataFiles = {
  /** `sha256:` and the digest of its content; read again only when the file changed. */
  digest(path: string): Promise<string | DataFileProblem>;
  /** Its content, to be streamed; reading it fails where the file changes meanwhile. Throws `invalid-files`. */
  open(path: string): Promise<Blob>;
};

/** Milliseconds: file systems stamp times in steps, so what changed this shortly before may change again unseen. */
const raceWindow = 50;

/** How often a file that changes while it is read is read anew. */
const mostReads = 3;

const filesOf = (sources: { readonly [name: string]: SecretSource }): readonly string[] =>
  Object.values(sources).flatMap((source) => ("file" in source ? [source.file] : []));

const signatureOf = async (path: string): Promise<{ signature: string; changedAt: number; isFile: boolean }> => {
  const facts = await stat(path, { bigint: true });
  const { size, mtimeNs, ctimeNs, ino } = facts;
  const changedAt = Math.max(Number(mtimeNs / 1_000_000n), Number(ctimeNs / 1_000_000n));
  return { signature: `${size} ${mtimeNs} ${ctimeNs} ${ino}`, changedAt, isFile: facts.isFile() };
};

const hash = async (path: string): Promise<string> => {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path)) sum.update(chunk as Uint8Array);
  return `sha256:${sum.digest("hex")}`;
};

const make = (files: ProjectFiles): DataFiles => {
  const root = realpathSync.native(files.dir);
  const secret = new Set([...filesOf(files.secrets), files.ledger].map((path) => realPath(join(root, path))));
  const digests = new Map<string, { readonly signature: string; readonly digest: string }>();

  const find = (path: string): { readonly real: string } | DataFileProblem => {
    const inside = isAbsolute(path) ? undefined : insideOf(root, "", path);
    if (inside === undefined) {
      return {
        code: "path-outside-project",
        message: `"${path}" leaves the project folder`,
        hint: "keep the file inside it; symbolic links count as what they point to",
      };
    }
    const real = realPath(join(root, inside));
    if ([inside, real.slice(root.length)].some(isKept) || secret.has(real)) {
      return {
        code: "invalid-value",
        message: `"${path}" holds what stays on this machine`,
        hint: "name a file of data",
      };
    }
    return { real };
  };

  const missing = (path: string, error: unknown): DataFileProblem => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "ENOENT" || code === "ENOTDIR"
      ? {
          code: "file-not-found",
          message: `there is no file "${path}"`,
          hint: "paths are relative to the project folder",
        }
      : { code: "file-not-found", message: `"${path}" cannot be read: ${code}`, hint: "check who may read it" };
  };

  const noFile = (path: string): DataFileProblem => ({
    code: "invalid-value",
    message: `"${path}" is not a file`,
    hint: "name one file",
  });

  return {
    digest: async (path) => {
      const found = find(path);
      if ("code" in found) return found;
      try {
        for (let reads = 1; ; reads++) {
          const { signature, changedAt, isFile } = await signatureOf(found.real);
          if (!isFile) return noFile(path);
          const known = digests.get(found.real);
          if (known?.signature === signature) return known.digest;
          const isSettled = changedAt < Date.now() - raceWindow;
          const digest = await hash(found.real);
          if ((await signatureOf(found.real)).signature !== signature && reads < mostReads) continue;
          if (isSettled) digests.set(found.real, { signature, digest });
          return digest;
        }
      } catch (error) {
        return missing(path, error);
      }
    },
    open: async (path) => {
      const found = find(path);
      let problem: DataFileProblem;
      if ("code" in found) problem = found;
      else {
        try {
          if ((await signatureOf(found.real)).isFile) return await openAsBlob(found.real);
          problem = noFile(path);
        } catch (error) {
          problem = missing(path, error);
        }
      }
      throw new DeployerError("invalid-files", problem.message, {
        hint: problem.hint,
        details: { outcome: "refused" },
      });
    },
  };
};

const made = new WeakMap<ProjectFiles, DataFiles>();

/** The uploadable files of an opened project. */
export const dataFiles = (files: ProjectFiles): DataFiles => {
  const known = made.get(files) ?? make(files);
  made.set(files, known);
  return known;
};
