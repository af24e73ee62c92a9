import { hash, randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Lies in the folder of an expansion in Sesam's form, and says what was written there. */
export const indexName = ".connector-deployer-expansion.json";

/** One file that was written. */
export type Written = {
  /** Digests of its content; two where a run was interrupted between them. */
  readonly digests: readonly string[];
  /** As they were right after it was written: a file with the same ones is not read again. */
  readonly size?: number;
  readonly mtime?: number;
};

export type SesamIndex = {
  /** A run began to write, and did not say that it ended. */
  readonly isOpen: boolean;
  /** By path. */
  readonly files: ReadonlyMap<string, Written>;
};

/** Of the files' content and of nothing else: a short digest keeps the index small. */
export const digestOf = (text: string): string => hash("sha256", text, "base64url");

/** What an expansion may hold; nothing else is ever touched, whatever an index says. */
const ownPath = /^(?:(?:pipes|systems)\/[^/\\]+\.conf\.json|node-metadata\.conf\.json|[^/\\]+-env\.json)$/;

export const isOwnPath = (path: string): boolean => ownPath.test(path);

type Row = readonly [digests: readonly string[], size?: number, mtime?: number];

/** The index of a folder; undefined where there is none, or one that cannot be read. */
export const readIndex = (folder: string): SesamIndex | undefined => {
  try {
    const index = JSON.parse(readFileSync(join(folder, indexName), "utf8")) as {
      readonly type?: unknown;
      readonly isOpen?: unknown;
      readonly files?: { readonly [path: string]: Row };
    };
    if (index.type !== "sesam-expansion-index" || index.files === undefined) return undefined;
    const files = new Map<string, Written>();
    for (const [path, [digests, size, mtime]] of Object.entries(index.files)) {
      if (isOwnPath(path))
        files.set(path, size === undefined || mtime === undefined ? { digests } : { digests, size, mtime });
    }
    return { isOpen: index.isOpen === true, files };
  } catch {
    return undefined;
  }
};

/** As a whole or not at all. */
export const writeIndex = (folder: string, { isOpen, files }: SesamIndex): void => {
  const rows: Record<string, Row> = {};
  for (const [path, { digests, size, mtime }] of files) {
    rows[path] = size === undefined || mtime === undefined ? [digests] : [digests, size, mtime];
  }
  const text = JSON.stringify({ type: "sesam-expansion-index", schemaVersion: 1, isOpen, files: rows });
  const draft = join(folder, `${indexName}.${randomUUID()}.tmp`);
  try {
    writeFileSync(draft, text, { flag: "wx" });
    renameSync(draft, join(folder, indexName));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
};
