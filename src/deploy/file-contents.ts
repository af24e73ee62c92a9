import type { Resource } from "../contract/index.ts";
import { at, withAt } from "../contract/index.ts";
import type { ProjectFiles } from "../manifest/index.ts";
import type { Problem } from "../resources/index.ts";
import { infinoKinds } from "../resources/index.ts";
import { dataFiles } from "./data-files.ts";

/** Fills in the digests of the files that resources upload. */
export const withContents = async (
  files: ProjectFiles,
  resources: readonly Resource[],
): Promise<{
  readonly resources: readonly Resource[];
  /** By path; what cannot be read is a problem. */
  readonly contents: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}> => {
  const problems: Problem[] = [];
  const contents: Record<string, string> = {};
  const filled: Resource[] = [];
  for (const resource of resources) {
    const { _id, properties } = resource;
    const place = infinoKinds.find((kind) => kind.name === resource.kind)?.localFile;
    const path = place === undefined ? undefined : at(properties, place.path);
    filled.push(resource);
    if (place === undefined || typeof path !== "string" || path === "") continue;
    const content = await dataFiles(files).digest(path);
    if (typeof content !== "string") {
      problems.push({ _id, path: place.path, ...content });
      continue;
    }
    contents[path] = content;
    const given = at(properties, place.digest);
    if (given !== undefined && given !== content) {
      const message = `the content of "${path}" is ${content}, not what is given`;
      problems.push({
        code: "invalid-value",
        _id,
        path: place.digest,
        message,
        hint: "bring the file back, or take it out",
      });
    }
    filled[filled.length - 1] = { ...resource, properties: withAt(properties, place.digest, content) };
  }
  return { resources: filled, contents, problems };
};
