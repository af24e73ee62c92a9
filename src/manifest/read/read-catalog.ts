import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Catalog, ConnectorType } from "../../catalog/index.ts";
import { builtinConnectorTypes, connectorTypeSchema, createCatalog } from "../../catalog/index.ts";
import type { Folder } from "./folder.ts";
import { insideOf } from "./jail.ts";
import { readDocument } from "./read-document.ts";
import { locateIn, validate, validator } from "./validate.ts";

const checkConnectorType = validator<ConnectorType>(connectorTypeSchema);

/** The built-in connector types and those of the project's `catalog/`, which hide built-in ones of the same id. */
export const readCatalog = async (
  folder: Folder,
): Promise<{ catalog: Catalog; own: readonly ConnectorType[]; files: readonly string[] }> => {
  const { root, collect } = folder;
  const names = insideOf(root, "", "catalog") === undefined ? [] : await filesIn(join(root, "catalog"));
  const own = new Map<string, { type: ConnectorType; file: string }>();
  for (const name of names) {
    const read = await readDocument(folder, `catalog/${name}`);
    if (read === undefined) continue;
    const locate = locateIn(read.source);
    const { content: type, diagnostics } = validate(checkConnectorType(), read.content, locate);
    collect.add(...diagnostics);
    if (type === undefined) continue;
    const other = own.get(type.id);
    if (other === undefined) own.set(type.id, { type, file: read.source.file });
    else {
      const message = `${other.file} is the connector type "${type.id}" already`;
      collect.error("invalid-value", locate("/id"), message, "give one of them another id");
    }
  }
  const types = [...own.values()].map(({ type }) => type);
  const files = [...own.values()].map(({ file }) => file);
  return { catalog: createCatalog([...builtinConnectorTypes(), ...types]), own: types, files };
};

const filesIn = async (path: string): Promise<readonly string[]> => {
  try {
    return (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  } catch {
    return [];
  }
};
