export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Properties = { readonly [key: string]: Json };

/** A JSON Pointer (RFC 6901), such as `/config/base_url`. */
export type Path = string;

export const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Pointers repeat over resources; taking one apart costs more than looking it up. */
const taken = new Map<Path, readonly string[]>();

const takeApart = (path: Path): readonly string[] => {
  const parts = path.slice(1).split("/");
  return path.includes("~") ? parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")) : parts;
};

/** Segments of a pointer, unescaped. */
export const segments = (path: Path): readonly string[] => {
  if (path === "") return [];
  const known = taken.get(path);
  if (known !== undefined) return known;
  const parts = takeApart(path);
  if (taken.size < 10_000) taken.set(path, parts);
  return parts;
};

const special = /[~/]/;

export const joinPath = (parent: Path, key: string | number): Path => {
  const name = String(key);
  return `${parent}/${special.test(name) ? name.replaceAll("~", "~0").replaceAll("/", "~1") : name}`;
};

/** The value at a pointer, or undefined where there is none. */
export const at = (value: Json | undefined, path: Path): Json | undefined => {
  let current: Json | undefined = value;
  for (const segment of segments(path)) {
    if (Array.isArray(current)) current = current[Number(segment)];
    else if (isObject(current) && Object.hasOwn(current, segment)) current = current[segment];
    else return undefined;
  }
  return current;
};

/** A copy with the value at a pointer set, or taken out where `member` is undefined. Missing mappings on the way are made. */
export const withAt = (value: Properties, path: Path, member: Json | undefined): Properties => {
  const [head, ...rest] = segments(path);
  if (head === undefined) return value;
  const copy: Record<string, Json> = { ...value };
  // Not assigned: a member may be called __proto__.
  const define = (member: Json): object =>
    Object.defineProperty(copy, head, { value: member, enumerable: true, writable: true, configurable: true });
  if (rest.length === 0) {
    if (member === undefined) delete copy[head];
    else define(member);
    return copy;
  }
  const child = Object.hasOwn(copy, head) ? copy[head] : undefined;
  if (!isObject(child) && member === undefined) return value;
  const below = rest.reduce((path, key) => joinPath(path, key), "");
  define(withAt(isObject(child) ? child : {}, below, member));
  return copy;
};
