import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../contract/index.ts";
import type { FileChange, SesamConnector } from "../manifest/index.ts";
import { digestOf, indexName } from "./sesam-index.ts";

/** Lies in the folder of an expansion while the connector's files are written. */
const journalName = ".connector-deployer-collapse.json";

const textOf = (folder: string, name: string): string | undefined => {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
};

/**
 * Notes what becomes of which file, so that a later call can tell a run that was killed from files that somebody changed;
 * gives what takes the note away. Where it cannot be written, the later call refuses what it could finish.
 */
export const openJournal = (
  folder: string,
  connector: SesamConnector,
  changes: readonly FileChange[],
): (() => void) => {
  const index = textOf(folder, indexName);
  if (index === undefined) return () => undefined;
  const files = Object.fromEntries([
    ...connector.sources().map(({ file, text }) => [file, [digestOf(text)]]),
    ...changes.map(({ file, before, after }) => [file, [digestOf(before), digestOf(after)]]),
  ]);
  const draft = join(folder, `${journalName}.${randomUUID()}.tmp`);
  try {
    writeFileSync(draft, JSON.stringify({ type: "sesam-collapse-journal", index: digestOf(index), files }), {
      flag: "wx",
    });
    renameSync(draft, join(folder, journalName));
  } catch {
    rmSync(draft, { force: true });
  }
  return () => {
    try {
      rmSync(join(folder, journalName), { force: true });
    } catch {
      // It holds for these texts of the files only.
    }
  };
};

/** True where the connector's files have what a run that was killed found or wrote, and nothing else. */
export const isInterrupted = (folder: string, connector: SesamConnector): boolean => {
  const [index, text] = [textOf(folder, indexName), textOf(folder, journalName)];
  if (index === undefined || text === undefined) return false;
  try {
    const journal = JSON.parse(text) as { readonly index?: unknown; readonly files?: unknown };
    const { files } = journal;
    if (journal.index !== digestOf(index) || !isObject(files)) return false;
    return connector.sources().every((source) => {
      const digests = Object.hasOwn(files, source.file) ? files[source.file] : undefined;
      return Array.isArray(digests) && digests.includes(digestOf(source.text));
    });
  } catch {
    return false;
  }
};
