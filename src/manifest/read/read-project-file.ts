import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { Source } from "../parse/source.ts";
import type { ProjectContent } from "../schemas/project.ts";
import { projectSchema } from "../schemas/project.ts";
import type { Folder } from "./folder.ts";
import { mergePatch } from "./merge.ts";
import { readDocument } from "./read-document.ts";
import { readMultiTenantConfig } from "./read-multi-tenant-config.ts";
import { locateIn, validate, validator } from "./validate.ts";

const projectFile = "connector-deployer.yaml";
const checkProject = validator<ProjectContent>(projectSchema);

/** A project's content; connectors of a file of their own stand in it as if they were its own. */
export type ReadContent = ProjectContent & { readonly connectors: Exclude<ProjectContent["connectors"], string> };

export type ProjectFile = {
  /** The project's file, then that of its connectors and the environment's where there are such. */
  readonly sources: readonly Source[];
  /** Undefined where it is so wrong that nothing can be made of it. */
  readonly content: ReadContent | undefined;
};

const isEnvironmentName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);

const environmentFile = async (folder: Folder, environment: string): Promise<string | undefined> => {
  const { root, collect } = folder;
  const names = (await readdir(join(root, "environments")).catch(() => [])).filter((name) =>
    /\.(ya?ml|json)$/.test(name),
  );
  const found = isEnvironmentName(environment)
    ? names.find((name) => name.replace(/\.(ya?ml|json)$/, "") === environment)
    : undefined;
  if (found !== undefined || environment === "default") return found && `environments/${found}`;
  const known = names.map((name) => name.replace(/\.(ya?ml|json)$/, ""));
  const hint = known.length === 0 ? "make environments/NAME.yaml" : nearest(environment, known, "environments are");
  const place = { file: "environments", line: 1, column: 1 };
  collect.error("file-not-found", place, `there is no environment "${environment}"`, hint);
  return undefined;
};

type Part = { readonly source: Source; readonly content: Json };

const namesFile = (part: Part | undefined): string | undefined => {
  const connectors = isObject(part?.content) ? part.content["connectors"] : undefined;
  return typeof connectors === "string" ? connectors : undefined;
};

/** Merges an environment over the project (RFC 7386), with the connectors of the file that one of them names for them. */
const mergeParts = async (
  folder: Folder,
  project: Part,
  over: Part | undefined,
): Promise<{ readonly sources: readonly Source[]; readonly content: Json }> => {
  const named = namesFile(over) === undefined ? project : (over ?? project);
  const file = namesFile(named);
  const all = over === undefined ? [project] : [project, over];
  const merged = mergePatch(project.content, over?.content ?? {});
  if (file === undefined) return { sources: all.map(({ source }) => source), content: merged };
  const config = await readMultiTenantConfig(folder, file, locateIn(named.source)("/connectors"));
  const sources = all.flatMap((part) => (part === named && config ? [part.source, config.source] : [part.source]));
  const changes = named === project && isObject(over?.content) ? (over.content["connectors"] ?? {}) : {};
  const connectors = mergePatch(config?.connectors ?? {}, changes);
  return { sources, content: { ...(isObject(merged) ? merged : {}), connectors } };
};

/**
 * Reads `connector-deployer.yaml` with an environment merged over it (RFC 7386). Throws `no-project` where there is no
 * such file.
 */
export const readProjectFile = async (folder: Folder, environment: string): Promise<ProjectFile> => {
  const { root, collect } = folder;
  if (!existsSync(join(root, projectFile))) {
    throw new DeployerError("no-project", `there is no ${projectFile} in ${root}`, {
      hint: "name the project folder with --project, or begin one with: connector-deployer init",
    });
  }
  const project = await readDocument(folder, projectFile);
  if (project === undefined) return { sources: [], content: undefined };
  if (project.content !== null && !isObject(project.content)) {
    collect.add(...validate(checkProject(), project.content, locateIn(project.source)).diagnostics);
    return { sources: [project.source], content: undefined };
  }
  const file = await environmentFile(folder, environment);
  const over = file === undefined ? undefined : await readDocument(folder, file);
  if (over !== undefined && over.content !== null && !isObject(over.content)) {
    collect.error(
      "wrong-type",
      locateIn(over.source)(""),
      "an environment has to be a mapping",
      "write keys of the project",
    );
    return { sources: [project.source], content: undefined };
  }
  const { sources, content: merged } = await mergeParts(folder, project, over);
  const { content, diagnostics } = validate(checkProject(), merged, locateIn(...sources));
  collect.add(...diagnostics);
  // Fields that nobody knows do not change what the others say.
  const usable = diagnostics.every(({ code }) => code === "unknown-field");
  // Of a text for `connectors` nothing is left by now.
  return { sources, content: (content ?? (usable ? merged : undefined)) as ReadContent | undefined };
};
