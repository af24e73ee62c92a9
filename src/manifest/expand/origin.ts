import type { Component, Json, Path, Piece } from "../../contract/index.ts";
import { at, isSealed, joinPath, parseReferences, segments } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree } from "../parse/tree.ts";
import { placeOf } from "../parse/tree.ts";
import { parseVariables } from "../parse/variable-marks.ts";
import { locateIn } from "../read/validate.ts";
import type { Origin, Tenant } from "../types.ts";
import type { ComponentTemplate } from "./compile-template.ts";
import type { ProjectState } from "./project-state.ts";
import { Deferred, inClear } from "./references.ts";
import type { Scope, Spot, Value } from "./scope.ts";

/** What tells where the components of one expansion came from; nothing of it is computed before somebody asks. */
export type Provenance = {
  /** Index of the component. */
  readonly at: number;
  readonly components: readonly Component[];
  readonly templates: readonly ComponentTemplate[];
  readonly scopes: readonly Scope[];
  readonly tenant: Tenant;
  readonly tenantSource: Source;
  readonly state: ProjectState;
};

type Found = { readonly tree: Tree; readonly member?: Member; readonly rest: readonly string[] };

const variableValue = (scope: Scope, variable: string): Value | undefined =>
  scope.values[scope.variables.indexOf(variable)];

/** A key as it is after expansion. */
const keyOf = (key: string, scope: Scope, { idSpot: spot, dialect }: ComponentTemplate): string =>
  parseVariables(key, dialect)
    .map((chunk) => {
      if (chunk.type === "malformed") return "";
      const value = chunk.type === "variable" ? variableValue(scope, chunk.name) : undefined;
      const pieces: readonly Piece[] = chunk.type === "text" ? parseReferences(chunk.text) : (value?.pieces ?? []);
      return value?.text ?? inClear(new Deferred(pieces, spot), scope, false);
    })
    .join("");

/** Follows a path through a template as far as it goes; what is left leads into a variable's value, or nowhere. */
const follow = (template: ComponentTemplate, scope: Scope, path: Path): Found => {
  let found: Found = { tree: template.tree, rest: segments(path) };
  for (;;) {
    const { tree, rest } = found;
    const [head, ...tail] = rest;
    if (head === undefined || tree.type === "scalar") return found;
    if (tree.type === "list") {
      const item = tree.items[Number(head)];
      if (item === undefined) return found;
      found = { tree: item, rest: tail };
      continue;
    }
    const member = tree.members.find(({ key }) => key === head || keyOf(key, scope, template) === head);
    if (member === undefined) return found;
    found = { tree: member.value, member, rest: tail };
  }
};

/** The place of a value, or its key, in its template; of what is not there, the place of what it is missing from. */
export const locateComponent = (
  { at: index, templates, scopes }: Pick<Provenance, "at" | "templates" | "scopes">,
  path: Path,
  part: "key" | "value" = "value",
): Location | undefined => {
  const template = templates[index];
  const scope = scopes[index];
  if (template === undefined || scope === undefined) return undefined;
  return placeOf(template.idSpot.source, follow(template, scope, path), part);
};

type Entry = Origin["sources"][number];

const secretEntry = ({ tenant, tenantSource, state }: Provenance, name: string): Entry => {
  const own = Object.hasOwn(tenant.secrets, name);
  const source = own ? tenant.secrets[name] : Object.hasOwn(state.secrets, name) ? state.secrets[name] : undefined;
  const variable = `$SECRET(${name})`;
  if (source === undefined) return { variable, from: "no secret of this name is declared" };
  const what = "env" in source ? `env ${source.env}` : "file" in source ? `file ${source.file}` : "command";
  const locate = own ? locateIn(tenantSource) : state.locate;
  const location = locate(joinPath("/secrets", name), "key");
  return { variable, from: `${own ? "tenant" : "project"} secrets: ${what}`, ...(location && { location }) };
};

const referenceEntries = (provenance: Provenance, scope: Scope, pieces: readonly Piece[], sealed: boolean): Entry[] =>
  pieces.flatMap((piece): Entry[] => {
    if (piece.type === "text") return [];
    if (piece.type === "secret") return [secretEntry(provenance, piece.name)];
    const value = scope.environment.get(piece.name);
    const shown = sealed || value === undefined ? {} : { value };
    return [{ variable: `$ENV(${piece.name})`, from: "environment variable", ...shown }];
  });

/** What a variable shows: never a text that was sealed. */
const shownValue = (
  value: Value,
  scope: Scope,
  spot: Spot,
  inner: Json | undefined,
  sealed: boolean,
): { value?: Json } => {
  if (value.make === undefined) return inner === undefined ? {} : { value: inner };
  if (sealed || typeof inner !== "string") return {};
  const pieces = parseReferences(inner);
  if (pieces.some((piece) => piece.type === "secret")) return {};
  return { value: inClear(new Deferred(pieces, spot), scope, false) };
};

/** Where a value came from: the template's place, and each variable and reference in it. */
export const originOf = (provenance: Provenance, path: Path): Origin | undefined => {
  const { at: index, components, templates, scopes, tenantSource } = provenance;
  const [component, template, scope] = [components[index], templates[index], scopes[index]];
  if (component === undefined || template === undefined || scope === undefined) return undefined;
  const found = follow(template, scope, path);
  const { source } = template.idSpot;
  const origin: Origin = { template: placeOf(source, found, "value"), sources: [] };
  const { tree } = found;
  if (found.rest.length > 0 && tree.type !== "scalar") return undefined;
  if (tree.type !== "scalar" || typeof tree.value !== "string") return origin;
  const text = tree.value;
  const spot: Spot = { source, start: tree.start, end: tree.end };
  const below = found.rest.reduce(joinPath, "");
  const sealed = isSealed(at({ ...component.properties, _id: component._id, type: component.type }, path));
  const sources = parseVariables(text, template.dialect).flatMap((chunk): Entry[] => {
    if (chunk.type === "malformed") return [];
    if (chunk.type === "text") return referenceEntries(provenance, scope, parseReferences(chunk.text), sealed);
    const value = variableValue(scope, chunk.name);
    if (value === undefined) return [];
    const variable = value.written ?? text.slice(chunk.start, chunk.end);
    const shared = value.spot?.();
    const location =
      value.tenantPath === undefined
        ? shared && placeAt(shared.source, shared.start, shared.end)
        : locateIn(tenantSource)(value.tenantPath);
    const inner = at(value.json, below);
    const entry: Entry = {
      variable,
      from: value.from,
      ...(location && { location }),
      ...shownValue(value, scope, spot, inner, sealed),
    };
    const references = value.make === undefined || typeof inner !== "string" ? [] : parseReferences(inner);
    return [entry, ...referenceEntries(provenance, scope, references, sealed)];
  });
  return { ...origin, sources };
};
