import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Json, Path } from "../../contract/index.ts";
import { joinPath } from "../../contract/index.ts";
import type { Diagnostic, Location } from "../../diagnostic.ts";
import { nearest } from "../../nearest.ts";
import type { Source } from "../parse/source.ts";
import type { ManifestContent } from "../schemas/manifest.ts";
import { manifestSchema } from "../schemas/manifest.ts";
import type { Folder } from "./folder.ts";
import { readDocument } from "./read-document.ts";
import type { Locate } from "./validate.ts";
import { locateIn, validate, validator } from "./validate.ts";

const checkManifest = validator<ManifestContent>(manifestSchema);

const manifestNames = ["manifest.yaml", "manifest.yml", "manifest.json"];

/** Without these an expansion in Sesam's form makes no sense; whatever else is wrong does not show in it. */
const neededBySesam = /^(\/(datatypes(\/[^/]*(\/(template|parameters))?)?|additional_parameters|system[-_]template))?$/;

/** Datatypes that expand to nothing, and parents that are none. */
const warnOfDatatypes = ({ collect }: Folder, { datatypes }: ManifestContent, locate: Locate): void => {
  const names = Object.keys(datatypes);
  for (const [name, { template, parent }] of Object.entries(datatypes)) {
    const path = joinPath("/datatypes", name);
    if (template === undefined) {
      const message = `the datatype ${name} has no template and is skipped`;
      collect.warning("datatype-without-template", locate(path, "key"), message, "add template:, or take it out");
    }
    if (typeof parent !== "string" || names.includes(parent)) continue;
    const message = `the parent "${parent}" of ${name} is not a datatype of this manifest`;
    collect.warning("unknown-parent", locate(`${path}/parent`), message, nearest(parent, names, "datatypes are"));
  }
};

/** Reads and checks the manifest in a folder of the project. */
export const readManifest = async (
  project: Folder,
  folder: string,
  namedAt: Location | undefined,
  hint = "every connector needs a manifest.yaml or manifest.json",
): Promise<{ source: Source; manifest: ManifestContent } | undefined> => {
  const { root, collect, dialect } = project;
  const name = manifestNames.find((one) => existsSync(join(root, folder, one)));
  if (name === undefined) {
    collect.error("file-not-found", namedAt, `there is no manifest in ${folder === "" ? "." : folder}`, hint);
    return undefined;
  }
  const read = await readDocument(project, folder === "" ? name : `${folder}/${name}`, { namedAt });
  if (read === undefined) return undefined;
  const { source } = read;
  const content: Json = read.content ?? {};
  const paths: Path[] = [];
  const checked = validate(checkManifest(), content, locateIn(source), (found) => {
    paths.push(found.path);
    return found;
  });
  const isMinor = ({ code, hint }: Diagnostic, path: Path): boolean =>
    dialect === "sesam"
      ? code === "invalid-value" || !neededBySesam.test(path)
      : // Sesam ignores what it does not know; only what looks like a slip of the pen is an error.
        code === "unknown-field" && !hint?.startsWith("did you mean");
  // Any text can be a datatype's name there.
  const isName = ({ code }: Diagnostic, path: Path): boolean =>
    dialect === "sesam" && code === "invalid-value" && /^\/datatypes\/[^/]*$/.test(path);
  const kept = checked.diagnostics.flatMap((diagnostic, index): Diagnostic[] => {
    const path = paths[index] ?? "";
    if (isName(diagnostic, path)) return [];
    return [isMinor(diagnostic, path) ? { ...diagnostic, severity: "warning" } : diagnostic];
  });
  collect.add(...kept);
  if (kept.some((diagnostic) => diagnostic.severity === "error")) return undefined;
  const manifest = checked.content ?? (content as unknown as ManifestContent);
  warnOfDatatypes(project, manifest, locateIn(source));
  return { source, manifest };
};
