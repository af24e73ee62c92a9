import { equal } from "../../canonical.ts";
import type { Json, Path } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Collector } from "../collect.ts";
import { collector } from "../collect.ts";
import type { ComponentTemplate } from "../expand/compile-template.ts";
import { identityText, made } from "../expand/instantiate.ts";
import type { Scope } from "../expand/scope.ts";
import { placeAt } from "../parse/place.ts";
import { nameProblem } from "./file-name.ts";
import { nodeMetadata, sharedComment, shimOf, webhookPermissions } from "./generated.ts";
import { isTruthy } from "./python-text.ts";
import type { SesamExpansion, SesamFile } from "./types.ts";

/** A template with the values of one datatype, or of the system template. */
export type FilledTemplate = {
  readonly datatype: string | undefined;
  readonly components: readonly ComponentTemplate[];
  readonly rendered: boolean;
  readonly scope: Scope;
  /** Name of the template's file where that is not the datatype's: its components get a comment. */
  readonly shared: string | undefined;
};

export type Assembly = {
  /** The system of shim pipes. */
  readonly system: string;
  readonly templates: readonly FilledTemplate[];
  /** Datatypes that get a shim pipe. */
  readonly datatypes: readonly string[];
  /** Pipes that take webhooks may be written to by everybody. */
  readonly isWebhookOpen: boolean;
  /** First part of `PROFILE-env.json`, and what is in it. */
  readonly profile: string;
  readonly profileContent: Json;
};

type Content = { [key: string]: Json };
type Files = Map<string, SesamFile>;
type Run = { readonly assembly: Assembly; readonly collect: Collector; readonly files: Files };

const pathOf = (_id: string, type: string): string | undefined => {
  if (type === "pipe") return `pipes/${_id}.conf.json`;
  return type.startsWith("system:") ? `systems/${_id}.conf.json` : undefined;
};

const idPlace =
  ({ idSpot: { source, start, end } }: ComponentTemplate) =>
  (): Location =>
    placeAt(source, start, end);

const takesEvents = (_id: string, type: string, { source }: Content): boolean =>
  type === "pipe" && _id.endsWith("event") && isObject(source) && source["type"] === "http_endpoint";

const nothingAdded: readonly Path[] = [];
const commentAdded: readonly Path[] = ["/comment"];
const permissionsAdded: readonly Path[] = ["/permissions"];
const bothAdded: readonly Path[] = ["/comment", "/permissions"];

const openToWebhooks = ({ collect }: Run, template: ComponentTemplate, content: Content): void => {
  const { permissions } = content;
  if (isTruthy(permissions) && !equal(permissions, webhookPermissions)) {
    const message = `the permissions of "${content["_id"]}" are replaced by those that use_webhook_secret asks for`;
    const hint = "take the permissions out of the template, or use_webhook_secret out of the manifest";
    collect.warning("replaced-by-expansion", idPlace(template), message, hint);
  }
  content["permissions"] = webhookPermissions;
};

/** Two of one `_id` are the same where they differ in nothing but the comment of shared templates. */
const isSame = (one: SesamFile, other: SesamFile): boolean => {
  const { comment: _, ...before } = one.content as Content;
  const { comment: __, ...now } = other.content as Content;
  const isGenerated = [one, other].some(({ from }) => from?.generated.includes("/comment"));
  return equal(isGenerated ? before : one.content, isGenerated ? now : other.content);
};

const reportDuplicate = ({ collect }: Run, _id: string, before: SesamFile, template: ComponentTemplate): void => {
  const { from } = before;
  const first = from && idPlace(from.template)();
  const inDatatype = from?.datatype === undefined ? "" : ` (datatype ${from.datatype})`;
  const message = `the _id "${_id}" is made at ${first?.file}:${first?.line}${inDatatype}, and here again`;
  const hint = "put what tells them apart into the _id, such as {{@ datatype @}}";
  collect.error("duplicate-id", idPlace(template), message, hint);
};

const reportShim = ({ collect }: Run, _id: string, template: ComponentTemplate): void => {
  const message = `the pipe "${_id}" is replaced by the one that the expansion adds for each datatype`;
  const hint = "take it out of the template, or give it another _id";
  collect.warning("replaced-by-expansion", idPlace(template), message, hint);
};

const addComponent = (run: Run, template: ComponentTemplate, filled: FilledTemplate, scope: Scope): void => {
  const { assembly, collect, files } = run;
  const { datatype, rendered, shared } = filled;
  const _id = identityText(template.id, "_id", template.idSpot, scope);
  const type = identityText(template.type, "type", template.typeSpot, scope);
  if (_id === undefined || type === undefined) return;
  const path = pathOf(_id, type);
  if (path === undefined) return;
  const problem = nameProblem(_id);
  if (problem !== undefined) {
    const message = `the _id ${JSON.stringify(_id.slice(0, 100))} cannot be the name of a file: ${problem}`;
    collect.error("invalid-value", idPlace(template), message, "give it another _id");
    return;
  }
  const properties = made(template.properties, scope) as Content;
  // What was made just now is nobody else's.
  const content = template.properties.constant ? { ...properties } : properties;
  content["_id"] = _id;
  content["type"] = type;
  if (shared !== undefined) content["comment"] = sharedComment(shared);
  const isOpen = assembly.isWebhookOpen && takesEvents(_id, type, content);
  if (isOpen) openToWebhooks(run, template, content);
  const both = shared === undefined ? permissionsAdded : bothAdded;
  const generated = isOpen ? both : shared === undefined ? nothingAdded : commentAdded;
  const file: SesamFile = { path, content, from: { datatype, template, rendered, scope, generated } };
  const before = files.get(path);
  if (before !== undefined && before.from === undefined) {
    if (!equal(before.content, content)) reportShim(run, _id, template);
    return;
  }
  if (before !== undefined && !isSame(before, file)) reportDuplicate(run, _id, before, template);
  files.set(path, file);
};

const addShim = ({ assembly, collect, files }: Run, datatype: string): void => {
  const content = shimOf(assembly.system, datatype);
  const { _id } = content;
  const problem = nameProblem(_id);
  if (problem !== undefined) {
    const message = `the pipe ${JSON.stringify(_id.slice(0, 100))} that the expansion adds cannot be a file: ${problem}`;
    const hint = `give the datatype ${JSON.stringify(datatype.slice(0, 100))} another name`;
    collect.error("invalid-value", undefined, message, hint);
    return;
  }
  const path = `pipes/${_id}.conf.json`;
  files.set(path, { path, content });
};

/** The files of an expansion in Sesam's form. Pure. */
export const assembleFiles = (assembly: Assembly): SesamExpansion => {
  const collect = collector();
  const run: Run = { assembly, collect, files: new Map() };
  // What the expansion adds wins, whatever the order is.
  for (const datatype of assembly.datatypes) addShim(run, datatype);
  for (const filled of assembly.templates) {
    const scope: Scope = { ...filled.scope, report: collect.error };
    for (const template of filled.components) addComponent(run, template, filled, scope);
  }
  const files: SesamFile[] = [
    ...run.files.values(),
    { path: "node-metadata.conf.json", content: nodeMetadata },
    { path: `${assembly.profile}-env.json`, content: assembly.profileContent },
  ];
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { files, diagnostics: collect.diagnostics };
};
