import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import picomatch from "picomatch";
import { parse } from "yaml";
import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Addition } from "./export-edit.ts";
import { additionLines, addMembers } from "./export-edit.ts";
import { writeChanges } from "./write-changes.ts";

/** A file that is made, or one that gets lines. `text` is the whole of a new file, or what an old one gets. */
export type PlannedFile = { readonly path: string; readonly action: "create" | "edit"; readonly text: string } & (
  | { readonly action: "create" }
  | { readonly action: "edit"; readonly before: string; readonly after: string }
);

const projectFile = "connector-deployer.yaml";

/** What a file becomes with the additions. Throws `usage` with the lines to add where they cannot be put in safely. */
export const planEdit = async (dir: string, path: string, additions: readonly Addition[]): Promise<PlannedFile> => {
  const before = await readFile(join(dir, path), "utf8");
  const lines = additions.map(additionLines).join("\n");
  let after = before;
  for (const addition of additions) {
    const next = addMembers(path, after, addition);
    if (next === undefined) {
      throw new DeployerError(
        "usage",
        `${path} cannot be added to without changing what stands in it; nothing was written`,
        {
          hint: `write ${addition.parent}: in it as a mapping with a line for each member, then export again; it gets:\n${lines}`,
        },
      );
    }
    after = next;
  }
  return { path, action: "edit", text: `${lines}\n`, before, after };
};

const globsOf = async (dir: string): Promise<readonly string[]> => {
  const content = parse(await readFile(join(dir, projectFile), "utf8")) as Json;
  const globs = isObject(content) ? content["tenants"] : undefined;
  const list = typeof globs === "string" ? [globs] : Array.isArray(globs) ? globs : ["tenants/*.{yaml,yml,json}"];
  return list.flatMap((glob: Json) => (typeof glob === "string" ? [glob.replace(/^\.\//, "")] : []));
};

/** A new file for a tenant, at a place where the project looks for tenants. */
export const tenantFileFor = async (
  dir: string,
  tenant: string,
  connector: string,
  target: string,
): Promise<PlannedFile> => {
  const globs = await globsOf(dir);
  const places = globs.flatMap((glob) => {
    const { base } = picomatch.scan(glob);
    return ["yaml", "yml"].map((ending) => `${base === "" || base === "." ? "" : `${base}/`}${tenant}.${ending}`);
  });
  const path = places.find((place) => globs.some((glob) => picomatch.isMatch(place, glob)));
  const lines = [
    `id: ${tenant}`,
    ...(target === "default" ? [] : [`target: ${target}`]),
    "connectors:",
    `  ${connector}: {}`,
  ];
  const text = `${lines.join("\n")}\n`;
  if (path !== undefined) return { path, action: "create", text };
  throw new DeployerError(
    "usage",
    `there is no place for a file of tenant ${tenant}: tenants: is ${globs.join(", ")}`,
    {
      hint: `make the tenant's file first, with:\n${lines.slice(0, -2).join("\n")}`,
    },
  );
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const create = async (dir: string, { path, text }: PlannedFile): Promise<void> => {
  try {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text, { flag: "wx" });
  } catch (error) {
    const exists = codeOf(error) === "EEXIST";
    throw new DeployerError(
      "usage",
      exists ? `${path} exists already, and export overwrites nothing` : `cannot write ${path} (${codeOf(error)})`,
      {
        hint: exists ? "name another connector with --connector, or move it away" : "make the project folder writable",
        cause: error,
      },
    );
  }
};

/** Makes the new files, then adds to the old ones; where that fails, what was made goes and what was changed is set back. */
export const writeFiles = async (dir: string, files: readonly PlannedFile[]): Promise<void> => {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const file of files) {
      if (file.action !== "create") continue;
      await create(dir, file);
      undo.push(() => rm(join(dir, file.path), { force: true }));
    }
    for (const file of files) {
      if (file.action !== "edit") continue;
      const { path, before, after } = file;
      await writeChanges(dir, [{ file: path, before, after }], "export");
      undo.push(() => writeChanges(dir, [{ file: path, before: after, after: before }], "export"));
    }
  } catch (error) {
    for (const back of undo.reverse()) await back().catch(() => undefined);
    throw error;
  }
};
