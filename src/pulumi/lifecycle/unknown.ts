import type { Json, Path, Properties, Sealed } from "../../contract/index.ts";
import { isObject, joinPath } from "../../contract/index.ts";

/** Pulumi's text for a value that a preview does not know yet. */
export const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isUnknown = (value: unknown): boolean => value === unknownText;

const eachText = (value: Json, visit: (path: Path, text: string) => void, path: Path = ""): void => {
  if (typeof value === "string") visit(path, value);
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) eachText(item, visit, joinPath(path, index));
  else if (isObject(value))
    for (const [key, member] of Object.entries(value)) eachText(member, visit, joinPath(path, key));
};

/** Paths of everything unknown. */
export const unknownPaths = (value: Json): readonly Path[] => {
  const paths: Path[] = [];
  eachText(value, (path, text) => {
    if (isUnknown(text)) paths.push(path);
  });
  return paths;
};

const sealed: Sealed = { $secret: "known when it is deployed" };

/** A copy with everything unknown sealed: a validation checks its place only. */
export const sealUnknown = (value: Json): Json => {
  if (isUnknown(value)) return sealed;
  if (Array.isArray(value)) return value.map(sealUnknown);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sealUnknown(item)]));
  return value;
};

/** Members of an argument that stand for nothing: Pulumi programs pass null where they have no value. */
export const withoutNulls = (value: Properties): Properties =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
