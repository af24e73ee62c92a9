import type { Json } from "../../contract/index.ts";
import type { Tree } from "../parse/tree.ts";
import type { FileLayout, Layout } from "./layout.ts";
import { isJsonObject, keyOf } from "./layout.ts";
import type { Plan } from "./plan-edits.ts";

const list = (items: readonly string[]): string => `[${items.join(",")}]`;
const map = (members: readonly (readonly [string, string])[]): string =>
  `{${Object.entries(Object.fromEntries(members))
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(",")}}`;

const ofTree = (tree: Tree): string => {
  if (tree.type === "scalar") return JSON.stringify(tree.value);
  if (tree.type === "list") return list(tree.items.map(ofTree));
  return map(tree.members.map(({ key, value }) => [key, ofTree(value)]));
};

const ofJson = (value: Json): string => {
  if (Array.isArray(value)) return list(value.map(ofJson));
  if (!isJsonObject(value)) return JSON.stringify(value);
  return map(Object.entries(value).map(([key, member]) => [key, ofJson(member)]));
};

const ofLayout = (file: FileLayout, plan: Plan, layout: Layout): string => {
  const target = file.targets.get(layout);
  if (target !== undefined) return ofLayout(file, plan, target);
  const change = plan.changes.get(layout);
  if (change?.replace !== undefined) return ofJson(change.replace.value);
  if (layout.type === "scalar") return JSON.stringify(layout.value);
  const members: (readonly [string, string])[] = [];
  for (let index = 0; index <= layout.children.length; index++) {
    for (const { key, value } of change?.added.get(index) ?? []) members.push([key ?? "", ofJson(value)]);
    const child = layout.children[index];
    if (child === undefined || change?.removed.has(index) === true) continue;
    members.push([change?.keys.get(index) ?? keyOf(child), ofLayout(file, plan, child.value)]);
  }
  return layout.type === "map" ? map(members) : list(members.map(([, value]) => value));
};

/** Documents as one text that tells apart what means something else, the order of members included. */
export const signature = (trees: readonly Tree[]): string => trees.map(ofTree).join("\n");

/** What a file is to say after the edits, in the same form. */
export const expectedFile = (file: FileLayout, plan: Plan): string => {
  if (plan.root !== undefined) return ofJson(plan.root);
  const documents = file.roots.map((root) => ofLayout(file, plan, root));
  const components = plan.components.map(ofJson);
  if (!file.isJson || components.length === 0) return [...documents, ...components].join("\n");
  if (documents.length === 0 && components.length === 1) return components.join("");
  return list([...documents, ...components]);
};
