import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConnectionType, ConnectorType } from "../../catalog/index.ts";
import { version } from "../version.ts";
import { scaffoldBlocks } from "./blocks.ts";
import { fillTemplate } from "./fill.ts";

/** Starter projects; the folder stands above `src` and `dist`. */
const templates = fileURLToPath(new URL("../../../templates/", import.meta.url));

/** Names that a package cannot carry as they are. */
const hidden = (path: string): string => path.replace(/^gitignore$/, ".gitignore").replace(/^github\//, ".github/");

const filesBelow = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return (
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll("\\", "/"),
      )
      // Starters have none; a command that somebody ran there left it.
      .filter((path) => !path.startsWith("."))
      .sort()
  );
};

export type ScaffoldFile = { readonly path: string; readonly text: string };

/**
 * The files of a new project with one connector: the type's own starter, or one made from the catalog. `connection`:
 * undefined where the type has nothing to connect to.
 */
export const scaffold = async (
  type: ConnectorType,
  connection: ConnectionType | undefined,
): Promise<readonly ScaffoldFile[]> => {
  const blocks = scaffoldBlocks(type, connection);
  const words = { CONNECTOR: type.id, NAME: type.name, AUTH: connection?.type ?? "none", VERSION: version() };
  const own = join(templates, type.id);
  const parts = [
    { folder: join(templates, "project"), to: hidden },
    {
      folder: existsSync(own) ? own : join(templates, "generic"),
      to: (path: string) => `connectors/${type.id}/${path}`,
    },
  ];
  const files: ScaffoldFile[] = [];
  for (const { folder, to } of parts) {
    for (const path of await filesBelow(folder)) {
      const text = await readFile(join(folder, path), "utf8");
      files.push({ path: to(path), text: fillTemplate(text, blocks, words) });
    }
  }
  return files;
};
