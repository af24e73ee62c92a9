import type { Json } from "../contract/index.ts";
import { isObject, segments } from "../contract/index.ts";
import type { FileChange, PlacedEdit, UnplacedEdit } from "../manifest/index.ts";
import { looksSecret, maySecret } from "../manifest/index.ts";
import type { CollapseFile } from "./collapse-types.ts";
import { holdsCredentials } from "./without-secrets.ts";

const reference = /^(?:[^$]*\$(?:ENV|SECRET)\([^)]*\)[^$]*|[^{]*\{\{@[^@]*@\}\}[^{]*)$/;

/** True where some text stands in clear at a name of a secret, or looks like a credential. */
const mayHide = (key: string, value: Json): boolean => {
  if (typeof value === "string")
    return (looksSecret(key) && value !== "" && !reference.test(value)) || holdsCredentials(value);
  if (Array.isArray(value)) return value.some((item) => mayHide(key, item));
  return isObject(value) && Object.entries(value).some(([name, member]) => mayHide(name, member));
};

type Sides = Pick<PlacedEdit, "name" | "path" | "from" | "to">;

const shownSides = ({ name, path, from, to }: Sides): Sides => {
  const key = segments(path).at(-1) ?? "";
  const isHidden = [from, to].some((value) => value !== undefined && mayHide(key, value));
  if (isHidden) return { name, path };
  return { name, path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
};

/** An edit without what may be a secret. */
export const shownPlaced = ({ into, location, ...sides }: PlacedEdit): PlacedEdit => ({
  ...shownSides(sides),
  into,
  location,
});

export const shownUnplaced = ({ reason, message, location, ...sides }: UnplacedEdit): UnplacedEdit => ({
  ...shownSides(sides),
  reason,
  message,
  ...(location !== undefined && { location }),
});

const hidden = (line: string, mark: string): string =>
  maySecret(line) ? `${/^\s*/.exec(line)?.[0] ?? ""}${mark}${line.endsWith("\r") ? "\r" : ""}` : line;

/** A file's texts, without lines that may hold a secret; that such a line changed can still be seen. */
export const shownFile = ({ file, before, after }: FileChange, created: boolean): CollapseFile => {
  const lines = new Set(before.split("\n"));
  const texts = {
    before: before.split("\n").map((line) => hidden(line, "(hidden)")),
    after: after.split("\n").map((line) => hidden(line, lines.has(line) ? "(hidden)" : "(hidden, changed)")),
  };
  return { file, created, before: texts.before.join("\n"), after: texts.after.join("\n") };
};
