import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Projects with more files are looked at anew each time. */
const mostFiles = 10_000;
const state = ".connector-deployer";

/** Changes when any file of the project, or its ledger, does; undefined for a project that is too large. */
const signatureOf = (project: string): string | undefined => {
  const hash = createHash("sha256");
  let left = mostFiles;
  const note = (path: string): void => {
    const { size, mtimeMs, ino } = statSync(path);
    hash.update(JSON.stringify([path, size, mtimeMs, ino]));
  };
  const walk = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (--left < 0) return;
      const path = join(folder, entry.name);
      note(path);
      if (entry.isDirectory()) walk(path);
    }
  };
  walk(project);
  for (const name of readdirSync(join(project, state)).sort()) {
    // Readers of the ledger touch the shared memory beside it, and this cache is no part of the project.
    if (name !== file && !name.endsWith("-shm")) note(join(project, state, name));
  }
  return left < 0 ? undefined : hash.digest("hex");
};

const file = "completion.json";

type Stored = { readonly signature: string; readonly names: Readonly<Record<string, unknown>> };

const stored = (path: string): Stored | undefined => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Stored;
  } catch {
    return undefined;
  }
};

export type NamesCache<Names> = {
  get(): Names | undefined;
  /** Keeps them where the project did not change since the cache was opened. */
  set(names: Names): void;
};

/**
 * Names that were found before, for as long as no file of the project changes: opening a project takes longer than a
 * person waits at a key. Kept in the project's own folder, where there is one.
 */
export const openNamesCache = <Names>(project: string, key: string): NamesCache<Names> => {
  let signature: string | undefined;
  const path = join(project, state, file);
  try {
    signature = signatureOf(project);
  } catch {
    // No such folder: nothing is kept.
  }
  const known = signature === undefined ? undefined : stored(path);
  const names = known?.signature === signature ? (known?.names ?? {}) : {};
  return {
    get: () => (Object.hasOwn(names, key) ? (names[key] as Names) : undefined),
    set: (found) => {
      try {
        if (signature === undefined || signatureOf(project) !== signature) return;
        const draft = `${path}.${process.pid}`;
        writeFileSync(draft, JSON.stringify({ signature, names: { ...names, [key]: found } }), { mode: 0o600 });
        renameSync(draft, path);
      } catch {
        // It only saves work.
      }
    },
  };
};
