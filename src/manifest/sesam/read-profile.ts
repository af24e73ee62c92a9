import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import type { Source } from "../parse/source.ts";
import type { Folder } from "../read/folder.ts";
import { readDocument } from "../read/read-document.ts";
import type { ManifestContent } from "../schemas/manifest.ts";

/** The connector's own `PROFILE-env.json`, or what stands for it: each additional parameter without a value. */
export const readProfile = async (
  folder: Pick<Folder, "root" | "collect" | "overlay" | "dialect">,
  connectorFolder: string,
  manifest: ManifestContent,
  profile: string,
): Promise<{ readonly source: Source | undefined; readonly content: Json }> => {
  const file = `${connectorFolder === "" ? "" : `${connectorFolder}/`}${profile}-env.json`;
  if (folder.overlay?.has(file) || existsSync(join(folder.root, file))) {
    const read = await readDocument(folder, file);
    if (read !== undefined) return read;
  }
  const parameters = Object.keys(manifest.additional_parameters).map((name) => [name, ""]);
  return { source: undefined, content: Object.fromEntries([["node-env", "test"], ...parameters]) };
};
