import type { Catalog } from "../catalog/index.ts";
import type { Component, Resource } from "../contract/index.ts";
import { address, isRendered } from "../contract/index.ts";
import { nearest } from "../nearest.ts";
import { checkRendered } from "./rendered.ts";
import type { Assembled, Problem, Reference, ResourceKind } from "./types.ts";
import { validateProperties } from "./validate.ts";

type Node = { readonly resource: Resource; readonly references: readonly Reference[] };

/** Problems of every reference that leads nowhere or in a circle. */
export const checkReferences = (nodes: readonly Node[]): readonly Problem[] => {
  const problems: Problem[] = [];
  const byAddress = new Map(nodes.map((node) => [address(node.resource.kind, node.resource._id), node]));
  const idsOf = (kind: string): string[] =>
    nodes.filter((node) => node.resource.kind === kind).map((node) => node.resource._id);
  for (const { resource, references } of nodes) {
    for (const reference of references) {
      if (reference.optional === true || reference._id === "") continue;
      if (byAddress.has(address(reference.kind, reference._id))) continue;
      problems.push({
        code: "dangling-reference",
        _id: resource._id,
        path: reference.path,
        message: `there is no ${reference.kind} with the _id "${reference._id}"`,
        hint: nearest(reference._id, idsOf(reference.kind), `each ${reference.kind} of this tenant`),
      });
    }
  }
  const state = new Map<string, "open" | "done">();
  const visit = (node: Node, trail: readonly string[]): void => {
    const name = address(node.resource.kind, node.resource._id);
    if (state.get(name) === "done") return;
    state.set(name, "open");
    for (const reference of node.references) {
      const next = byAddress.get(address(reference.kind, reference._id));
      if (next === undefined) continue;
      const nextName = address(next.resource.kind, next.resource._id);
      if (state.get(nextName) === "open") {
        const circle = [...trail.slice(Math.max(0, trail.indexOf(nextName))), name, nextName];
        problems.push({
          code: "reference-cycle",
          _id: node.resource._id,
          path: reference.path,
          message: `references go in a circle: ${circle.join(" → ")}`,
          hint: "take one of these references out",
        });
        continue;
      }
      visit(next, [...trail, name]);
    }
    state.set(name, "done");
  };
  for (const node of nodes) visit(node, []);
  return problems;
};

/** The components of one tenant as resources, in the same order, with everything that is wrong with them. */
export const assemble = <Api>(
  components: readonly Component[],
  kinds: readonly ResourceKind<Api>[],
  catalog: Catalog,
): Assembled => {
  const problems: Problem[] = [];
  const nodes: Node[] = [];
  const rendered: Component[] = [];
  const keys = new Map<string, string>();
  const byId = new Map(components.map((component) => [component._id, component]));
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  for (const component of components) {
    const { _id, tenant } = component;
    const kind = byName.get(component.type);
    if (kind === undefined && isRendered(component.type)) {
      rendered.push(component);
      continue;
    }
    if (kind === undefined) {
      problems.push({
        code: "unknown-kind",
        _id,
        path: "/type",
        message: `a component of type "${component.type}" cannot be deployed`,
        hint: nearest(component.type, [...byName.keys(), "pipe", "system:rest"], "types are"),
      });
      continue;
    }
    const properties = kind.properties(component, { catalog, component: (other) => byId.get(other) });
    const wrong = validateProperties(kind, catalog, _id, properties);
    problems.push(...wrong);
    const resource: Resource = { tenant, kind: kind.name, _id, properties };
    nodes.push({ resource, references: wrong.length > 0 ? [] : kind.references(properties) });
    if (wrong.length > 0) continue;
    const key = address(kind.name, kind.key(properties));
    const other = keys.get(key);
    if (other === undefined) keys.set(key, _id);
    else {
      problems.push({
        code: "duplicate-natural-key",
        _id,
        path: "",
        message: `"${_id}" and "${other}" would be the same ${kind.name} on the target: ${kind.key(properties)}`,
        hint: "give one of them another name",
      });
    }
  }
  problems.push(...checkReferences(nodes));
  if (rendered.length > 0) problems.push(...checkRendered(rendered));
  return { resources: nodes.map((node) => node.resource), rendered, problems };
};
