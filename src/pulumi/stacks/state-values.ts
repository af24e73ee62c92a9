import type { Json, Path, Properties } from "../../contract/index.ts";
import { isObject, joinPath, withAt } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";

// Pulumi's marks in states and over gRPC.
const signature = "4dabf18193072939515e22adb298388d";
const secret = "1b47061264138c4ac30d75fd1eb44270";

/** Stands for a value that cannot be read. Never leaves this room. */
const hidden = `hidden ${crypto.randomUUID()}`;

/** Deeper than any configuration. */
const deepest = 100;

export const isHidden = (value: unknown): boolean => value === hidden;

const secretValue = (value: Properties, isShown: boolean): Json => {
  const plain = Object.hasOwn(value, "plaintext") ? value["plaintext"] : undefined;
  if (!isShown || value[signature] !== secret || typeof plain !== "string") return hidden;
  try {
    return JSON.parse(plain) as Json;
  } catch {
    return hidden;
  }
};

/**
 * A value of a state without Pulumi's marks: what is encrypted, an asset, an archive or a resource is hidden, and so are,
 * unless `showsSecrets`, secrets in clear.
 */
export const reveal = (value: Json, showsSecrets: boolean, depth = 0): Json => {
  if (depth > deepest) {
    throw new DeployerError("usage", `the state holds a value that is nested more than ${deepest} levels deep`, {
      hint: "make it anew with: pulumi stack export",
    });
  }
  if (Array.isArray(value)) return value.map((item: Json) => reveal(item, showsSecrets, depth + 1));
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, signature)) {
    const found = secretValue(value, showsSecrets);
    return isHidden(found) ? found : reveal(found, showsSecrets, depth + 1);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item, showsSecrets, depth + 1)]));
};

const holdsHidden = (value: Json): boolean =>
  isHidden(value) ||
  (Array.isArray(value) ? value.some(holdsHidden) : isObject(value) && Object.values(value).some(holdsHidden));

/** Pointers of what is hidden; a list that holds something hidden is one value. */
export const hiddenPaths = (value: Json, path: Path = ""): readonly Path[] => {
  if (isHidden(value) || (Array.isArray(value) && holdsHidden(value))) return [path];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => hiddenPaths(item, joinPath(path, key)));
};

/** Without everything hidden. */
export const withoutHidden = (properties: Properties): Properties =>
  hiddenPaths(properties).reduce<Properties>((rest, path) => withAt(rest, path, undefined), properties);
