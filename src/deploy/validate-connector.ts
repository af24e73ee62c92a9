import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Component, Json, Properties } from "../contract/index.ts";
import { isObject, isRendered } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { hasErrors } from "../diagnostic.ts";
import type { SesamConnector, SesamFile } from "../manifest/index.ts";
import { readSesamConnector } from "../manifest/index.ts";
import { checkRendered } from "../resources/index.ts";
import type { Validation } from "./types.ts";

/** True for a connector's folder that is no project: it has a manifest and no `connector-deployer.yaml`. */
export const isConnectorFolder = (dir: string): boolean =>
  !existsSync(join(dir, "connector-deployer.yaml")) &&
  ["manifest.json", "manifest.yaml", "manifest.yml"].some((name) => existsSync(join(dir, name)));

const componentOf = ({ content, from }: SesamFile, system: string): Component | undefined => {
  if (!isObject(content)) return undefined;
  const { _id, type, ...properties } = content as Properties & { readonly _id?: Json; readonly type?: Json };
  if (typeof _id !== "string" || typeof type !== "string" || !isRendered(type)) return undefined;
  const datatype = from?.datatype;
  const named = datatype === undefined ? {} : { datatype };
  return { tenant: "", connector: "", ...named, system, _id, type, properties };
};

/** What is wrong with the pipes and systems that a connector expands to, at their places in its templates. */
const checkExpansion = (connector: SesamConnector, files: readonly SesamFile[]): readonly Diagnostic[] => {
  const byId = new Map<string, SesamFile>();
  const components = files.flatMap((file) => {
    const component = componentOf(file, connector.system);
    if (component !== undefined) byId.set(component._id, file);
    return component ?? [];
  });
  return checkRendered(components).flatMap(({ code, severity, _id, path, message, hint }): Diagnostic[] => {
    const file = byId.get(_id);
    // What the expansion adds is nobody's slip.
    if (file?.from === undefined) return [];
    const location = connector.locate(file, path);
    const diagnostic: Diagnostic = {
      code,
      severity: severity ?? "error",
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(location === undefined ? {} : { location }),
      component: _id,
    };
    return [diagnostic];
  });
};

/** Warnings count as errors where they should. */
export const strictly = (diagnostics: readonly Diagnostic[], strict: boolean): readonly Diagnostic[] =>
  strict ? diagnostics.map((diagnostic) => ({ ...diagnostic, severity: "error" })) : diagnostics;

/**
 * Everything that is wrong with a connector's folder by itself, without a project: as a development expansion in Sesam's form
 * shows it. Throws `no-project` where there is no such folder.
 */
export const validateConnector = async (dir: string, { strict = false } = {}): Promise<Validation> => {
  const connector = await readSesamConnector(dir);
  const { files, diagnostics } = connector.expand();
  const expanded = hasErrors(connector.diagnostics) ? [] : [...diagnostics, ...checkExpansion(connector, files)];
  const all = [...connector.diagnostics, ...expanded, ...connector.review()];
  return {
    type: "validation",
    schemaVersion: 1,
    environment: "default",
    tenants: 0,
    resources: 0,
    rendered: files.filter((file) => componentOf(file, "") !== undefined).length,
    diagnostics: strictly(all, strict),
  };
};
