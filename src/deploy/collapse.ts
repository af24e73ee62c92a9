import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Json } from "../contract/index.ts";
import { hasErrors } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import type { ExpansionFiles, FileChange, SesamConnector, SesamFile } from "../manifest/index.ts";
import { pairExpansion, placeEdits, readExpansion, readSesamConnector } from "../manifest/index.ts";
import { isInterrupted, openJournal } from "./collapse-journal.ts";
import { collapseProfile } from "./collapse-profile.ts";
import { shownFile, shownPlaced, shownUnplaced } from "./collapse-shown.ts";
import { editedSince, noteCollapsed } from "./collapse-since.ts";
import type { Collapsed, CollapseOptions, CollapseReport } from "./collapse-types.ts";
import { refuseInvalid } from "./read-tenants.ts";
import { refuseLink } from "./refuse-link.ts";
import { tool } from "./version.ts";
import { writeChanges } from "./write-changes.ts";

type Settings = { readonly profile: string; readonly system: string };

const expand = (connector: SesamConnector): readonly SesamFile[] => {
  const { files, diagnostics } = connector.expand();
  const all = [...new Set([...connector.diagnostics, ...diagnostics])];
  if (hasErrors(all)) refuseInvalid(all);
  return files;
};

/** Throws `usage` where nothing was expanded: an empty folder says nothing about what was taken away. */
const readEdited = async (folder: string, shown: string, profile: string): Promise<ExpansionFiles> => {
  const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory() === true;
  const files = isFolder ? readExpansion(folder, profile) : new Map<string, never>();
  if ([...files.keys()].some((path) => path.includes("/"))) return files;
  const why = isFolder ? "holds no expansion: there is nothing in pipes/ and systems/" : "does not exist";
  throw new DeployerError("usage", `the folder ${JSON.stringify(shown)} ${why}`, {
    hint: "expand --format sesam first, or name the folder with --expanded",
  });
};

const byNameAndPath = <Edit extends { readonly name: string; readonly path: string }>(a: Edit, b: Edit): number =>
  a.name === b.name ? (a.path < b.path ? -1 : 1) : a.name < b.name ? -1 : 1;

type Found = {
  readonly shown: Collapsed;
  readonly changes: readonly FileChange[];
  readonly created: FileChange | undefined;
};

const find = async (
  connector: SesamConnector,
  expansion: readonly SesamFile[],
  edited: ExpansionFiles,
  settings: Settings,
): Promise<Found> => {
  const { dir } = connector;
  const pairs = pairExpansion(connector, expansion, edited, { ...settings, name: basename(dir) });
  const reexpand = async (overlay: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Json>> => {
    const files = expand(await readSesamConnector(dir, { ...settings, overlay }));
    return new Map(files.flatMap(({ path, content, from }) => (from === undefined ? [] : [[path, content] as const])));
  };
  const placement = await placeEdits(pairs.instances, pairs.added, { tenantFiles: "never", reexpand });
  const profile = collapseProfile(connector, pairs.profile);
  const created = connector.profile === undefined ? profile.change : undefined;
  const changes = [
    ...placement.files,
    ...(created !== undefined || profile.change === undefined ? [] : [profile.change]),
  ];
  const files = [
    ...placement.files.map((change) => shownFile(change, false)),
    ...(profile.change === undefined ? [] : [{ file: profile.change.file, created: created !== undefined }]),
  ];
  return {
    changes,
    created,
    shown: {
      files: files.toSorted((a, b) => (a.file < b.file ? -1 : 1)),
      placed: [...placement.placed.map(shownPlaced), ...profile.placed].toSorted(byNameAndPath),
      unplaced: [...pairs.unplaced, ...placement.unplaced, ...profile.unplaced]
        .map(shownUnplaced)
        .toSorted(byNameAndPath),
    },
  };
};

/**
 * Writes the edits of a Sesam connector's expansion back into its templates, its manifest and its `PROFILE-env.json`, with
 * every other byte of them kept. Where an edit has no place, nothing is written unless `partial`. Throws `no-project`,
 * `invalid-files`, and `usage` for a folder without an expansion, one that is older than an edit of the connector's files, and
 * for files that changed meanwhile.
 */
export const collapseConnector = async (dir: string, options: CollapseOptions = {}): Promise<CollapseReport> => {
  const { expanded = join(dir, ".expanded"), profile = "test", system = "xxxxxx" } = options;
  const { dryRun = false, partial = false, confirm } = options;
  const root = resolve(dir);
  const connector = await readSesamConnector(root, { profile, system });
  const folder = resolve(expanded);
  if (options.expanded === undefined) refuseLink(root, "--expanded");
  const expansion = expand(connector);
  const files = await readEdited(folder, expanded, profile);
  const edited = editedSince(folder, files, expansion, isInterrupted(folder, connector));
  const found = await find(connector, expansion, edited, { profile, system });
  const { shown } = found;
  const report = { type: "collapse-report", schemaVersion: 1, tool, connector: dir, expanded, ...shown } as const;
  const mayWrite = !dryRun && shown.files.length > 0 && (shown.unplaced.length === 0 || partial);
  if (!mayWrite) return { ...report, dryRun, written: false };
  await confirm?.(shown);
  const { changes, created } = found;
  const made = created === undefined ? [] : [created];
  const closeJournal = openJournal(folder, connector, [...changes, ...made]);
  try {
    await writeChanges(root, changes, "collapse", made);
  } catch (error) {
    closeJournal();
    throw error;
  }
  // Only a later call would miss it, and says so.
  await readSesamConnector(root, { profile, system })
    .then((after) => noteCollapsed(folder, files, expand(after)))
    .catch(() => undefined);
  closeJournal();
  return { ...report, dryRun, written: true };
};
