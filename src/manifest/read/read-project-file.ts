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
import { locateIn, validate, validator } from "./validate.ts";

const projectFile = "connector-deployer.yaml";
const checkProject = validator<ProjectContent>(projectSchema);

export type ProjectFile = {
  /** The project's file, then the environment's where there is one. */
  readonly sources: readonly Source[];
  /** Undefined where it is so wrong that nothing can be made of it. */
  readonly content: ProjectContent | undefined;
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
  const sources = over === undefined ? [project.source] : [project.source, over.source];
  const merged: Json = mergePatch(project.content, over?.content ?? {});
  const { content, diagnostics } = validate(checkProject(), merged, locateIn(...sources));
  collect.add(...diagnostics);
  // Fields that nobody knows do not change what the others say.
  const usable = diagnostics.every(({ code }) => code === "unknown-field");
  return { sources, content: content ?? (usable ? (merged as unknown as ProjectContent) : undefined) };
};
