import type { Json, Path, Properties } from "../contract/index.ts";
import { at, backslashesBefore, escapeReferences, isObject, withAt } from "../contract/index.ts";
import { yamlText } from "../yaml-text.ts";

/** Text that a template reads back as it is, whatever looks like a variable or a reference in it. */
export const templateText = (text: string): string =>
  escapeReferences(text).replace(
    /<<@|\{\{@/g,
    (mark, offset: number, whole: string) => `${"\\".repeat(backslashesBefore(whole, offset) + 1)}${mark}`,
  );

const templateValue = (value: Json): Json => {
  if (typeof value === "string") return templateText(value);
  if (Array.isArray(value)) return value.map(templateValue);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [templateText(key), templateValue(member)]));
};

const unwritable: ReadonlySet<string> = new Set(["__proto__", "$secret"]);

/** The first key that no file of a project may hold. */
export const reservedKeyIn = (value: Json): string | undefined => {
  if (Array.isArray(value)) return value.map(reservedKeyIn).find((key) => key !== undefined);
  if (!isObject(value)) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const found = unwritable.has(key) ? key : reservedKeyIn(member);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Where a secret stands, alone or between plain text. */
export type Placeholder = {
  readonly path: Path;
  readonly before: string;
  readonly name: string;
  readonly after: string;
};

const userinfo = /^([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@]*)(@.*)$/is;

const credentialMember = /\b(password|passwd|pwd|secret|token|api_?key|access_?key)\s*=/i;

/**
 * Text around what may be a password: in a URL its user part, of anything with `password=` and the like the whole.
 * Undefined where there is none.
 */
export const credentialIn = (text: string): Pick<Placeholder, "before" | "after"> | undefined => {
  if (credentialMember.test(text)) return { before: "", after: "" };
  const [, scheme = "", user, after = ""] = userinfo.exec(text) ?? [];
  if (user === undefined || user === "") return undefined;
  return { before: `${scheme}${user.slice(0, user.indexOf(":") + 1)}`, after };
};

/** One component as it will stand in a template. */
export type ExportedComponent = {
  readonly _id: string;
  readonly kind: string;
  /** In clear, without secrets. */
  readonly properties: Properties;
  readonly secrets: readonly Placeholder[];
  /** Paths whose text is the name of something: the variable `system` stands where they begin with that. */
  readonly names: readonly Path[];
  readonly notes: readonly string[];
};

const comment = (text: string): string => `# ${text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?")}\n`;

const systemVariable = "<<@ system @>>";

/** A name that is the system's, or begins with it, by the variable; undefined for another. */
const systemName = (name: string, system: string): string | undefined =>
  name === system || name.startsWith(`${system}-`)
    ? `${systemVariable}${templateText(name.slice(system.length))}`
    : undefined;

const componentText = (component: ExportedComponent, system: string): string => {
  let properties = templateValue(component.properties) as Properties;
  for (const path of component.names) {
    const name = at(component.properties, path);
    const own = typeof name === "string" ? systemName(name, system) : undefined;
    if (own !== undefined) properties = withAt(properties, path, own);
  }
  for (const { path, before, name, after } of component.secrets) {
    properties = withAt(properties, path, `${templateText(before)}$SECRET(${name})${templateText(after)}`);
  }
  const _id = systemName(component._id, system) ?? component._id;
  return component.notes.map(comment).join("") + yamlText({ _id, type: component.kind, ...properties });
};

/** A template with one document for each component. */
export const exportedTemplate = (components: readonly ExportedComponent[], system: string, source: string): string =>
  comment(source) + components.map((component) => componentText(component, system)).join("---\n");
