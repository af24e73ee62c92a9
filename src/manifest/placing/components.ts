import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject, segments } from "../../contract/index.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import { jsonOf } from "../parse/tree.ts";
import type { Wish } from "./candidates.ts";
import { agreeOnValue, styleOf } from "./candidates.ts";
import type { Instance, NewComponent } from "./types.ts";
import type { Change, Point, View, Work } from "./work.ts";
import { newPoint, place, refuse } from "./work.ts";

const logic = "a template language makes it; edit the template";

/** The list of its file that holds a component, if one does. */
const listOf = (source: Source, tree: Tree): { start: number; index: number } | undefined => {
  for (const root of source.trees()) {
    if (root.type !== "list") continue;
    const index = root.items.indexOf(tree);
    const found =
      index === -1 ? root.items.findIndex(({ start, end }) => start === tree.start && end === tree.end) : index;
    if (found !== -1) return { start: root.start, index: found };
  }
  return undefined;
};

/** Takes a component out of its template, if nothing comes from it any more. */
export const removeComponents = (
  work: Work,
  instances: readonly Instance[],
  viewOf: (instance: Instance) => View,
): void => {
  const removed = instances.filter(({ edited }) => edited === undefined);
  const [first] = removed;
  if (first === undefined) return;
  const { template, rendered } = first;
  const { tree, idSpot } = template;
  const { source } = idSpot;
  const location = placeAt(source, tree.start, tree.start + 1);
  const points = removed.map((instance) => {
    const point = newPoint(work, instance, "", { from: instance.expanded });
    viewOf(instance).diff = { type: "point", point };
    return point;
  });
  if (rendered) refuse(points, "template-logic", logic, location);
  else if (removed.length < instances.length) {
    const message =
      "others that share the template still have it; take it out of all of them, or give this one a template of its own";
    refuse(points, "template-shared", message, location);
  } else {
    const list = listOf(source, tree);
    const edit: Change["edits"][number] =
      list === undefined
        ? { op: "value", start: tree.start, end: tree.end, from: jsonOf(tree), to: [] }
        : { op: "remove-item", ...list };
    place(work, points, { source, into: "template", location, edits: [edit], rendered: false });
  }
};

type Placed = Pick<Instance, "tenant" | "connector" | "datatype">;

const userOf = ({ tenant, connector, datatype }: Placed): string =>
  JSON.stringify([tenant, connector, datatype ?? null]);

/** Of each that uses a template: a scope, and what an expansion adds to all its components. */
type User = {
  readonly placed: Placed;
  readonly scope: NewComponent["scope"];
  readonly generated: { readonly [key: string]: Json };
};

const generatedOf = (instances: readonly Instance[]): { readonly [key: string]: Json } => {
  const [first] = instances;
  if (first === undefined || !isObject(first.expanded)) return {};
  const { expanded } = first;
  const found = (first.generated ?? []).flatMap((path): [string, Json][] => {
    const [key = "", ...rest] = segments(path);
    const value = expanded[key];
    const isEverywhere = instances.every(
      (other) => other.generated?.includes(path) && isObject(other.expanded) && equal(other.expanded[key], value),
    );
    return rest.length === 0 && value !== undefined && isEverywhere ? [[key, value]] : [];
  });
  return Object.fromEntries(found);
};

const usersOf = (
  file: string,
  instances: readonly Instance[],
  added: readonly NewComponent[],
): ReadonlyMap<string, User> => {
  const groups = Map.groupBy(
    instances.filter(({ template }) => template.idSpot.source.file === file),
    userOf,
  );
  const users = new Map<string, User>();
  for (const [key, group] of groups) {
    const [first] = group;
    if (first !== undefined) users.set(key, { placed: first, scope: first.scope, generated: generatedOf(group) });
  }
  for (const one of added) {
    const key = userOf(one);
    if (!users.has(key)) users.set(key, { placed: one, scope: one.scope, generated: {} });
  }
  return users;
};

const without = (value: Json, generated: { readonly [key: string]: Json }): Json =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).filter(
          ([key, member]) => !(Object.hasOwn(generated, key) && equal(generated[key], member)),
        ),
      )
    : value;

export const isComponent = (value: Json): boolean =>
  isObject(value) &&
  typeof value["_id"] === "string" &&
  value["_id"] !== "" &&
  typeof value["type"] === "string" &&
  value["type"] !== "";

export const unreadable = "it is no mapping with the texts _id and type";

/** New components as an expansion would have them: with what it adds to all components of the template by itself. */
export const withGenerated = (
  instances: readonly Instance[],
  added: readonly NewComponent[],
): readonly NewComponent[] => {
  const known = new Map<string, ReadonlyMap<string, User>>();
  return added.map((one) => {
    const { template, edited } = one;
    if (template === undefined || !isObject(edited)) return one;
    const { file } = template.source;
    const users = known.get(file) ?? usersOf(file, instances, []);
    known.set(file, users);
    const generated = users.get(userOf(one))?.generated ?? {};
    const isWhole = Object.keys(generated).every((key) => Object.hasOwn(edited, key));
    return isWhole ? one : { ...one, edited: { ...generated, ...edited } };
  });
};

/** Puts new components into their templates, where all who share one have them. */
export const addComponents = (
  work: Work,
  added: readonly NewComponent[],
  isTaken: (component: Json, of: NewComponent) => boolean,
): ReadonlyMap<NewComponent, Point> => {
  const points = new Map<NewComponent, Point>();
  const byFile = new Map<string, NewComponent[]>();
  for (const one of added) {
    const point = newPoint(work, one, "", { to: one.edited });
    points.set(one, point);
    const { template, scope, edited } = one;
    if (!isComponent(edited)) refuse([point], "unreadable", unreadable);
    else if (template === undefined || scope === undefined)
      refuse([point], "no-template", "it belongs to no template; write one, and name it in the manifest");
    else if (isTaken(edited, one))
      refuse([point], "no-template", "another component has its _id; give it one of its own");
    else if (template.rendered) refuse([point], "template-logic", logic, placeAt(template.source, 0, 1));
    else byFile.set(template.source.file, [...(byFile.get(template.source.file) ?? []), one]);
  }
  for (const [file, ofFile] of byFile) {
    const users = usersOf(file, work.instances, ofFile);
    const open = new Set(ofFile);
    for (const one of ofFile) {
      if (!open.has(one)) continue;
      const taken = addOne(work, one, [...open], users, points);
      for (const each of taken) open.delete(each);
    }
  }
  return points;
};

const addOne = (
  work: Work,
  one: NewComponent,
  open: readonly NewComponent[],
  users: ReadonlyMap<string, User>,
  points: ReadonlyMap<NewComponent, Point>,
): readonly NewComponent[] => {
  const { template } = one;
  const ownPoint = points.get(one);
  if (template === undefined || ownPoint === undefined) return [one];
  const { source } = template;
  const location = placeAt(source, 0, 1);
  const sample = work.instances.find((instance) => instance.template.idSpot.source.file === source.file);
  const dialect = sample?.template.dialect ?? (source.text.includes("{{@") ? "sesam" : "own");
  const style = styleOf(source, dialect);
  const wishOf = (other: NewComponent): Wish<Json> | undefined => {
    const user = users.get(userOf(other));
    const scope = other.scope ?? user?.scope;
    if (scope === undefined) return undefined;
    return {
      scope: work.names.extended(other, scope),
      must: work.names.must(other, scope, style.dialect === "sesam"),
      may: work.names.may(other, scope),
      want: without(other.edited, user?.generated ?? {}),
    };
  };
  const own = wishOf(one);
  if (own === undefined || agreeOnValue([own], style) === undefined) {
    refuse(
      [ownPoint],
      "not-expressible",
      "it holds what a template would read as a variable, a block or a reserved key, and this cannot be escaped here",
      location,
    );
    return [one];
  }
  // One of each user, so that the template gives all of them what they have.
  const chosen: { one: NewComponent; wish: Wish<Json> }[] = [{ one, wish: own }];
  for (const key of users.keys()) {
    if (key === userOf(one)) continue;
    const found = open
      .filter((other) => userOf(other) === key)
      .flatMap((other) => {
        const wish = wishOf(other);
        return wish === undefined ? [] : [{ one: other, wish }];
      })
      .find(({ wish }) => agreeOnValue([...chosen.map((each) => each.wish), wish], style) !== undefined);
    if (found === undefined) {
      const message =
        "others that share the template do not have it; add it to all of them alike, or give this one a template of its own";
      refuse([ownPoint], "template-shared", message, location);
      return [one];
    }
    chosen.push(found);
  }
  const value =
    agreeOnValue(
      chosen.map(({ wish }) => wish),
      style,
    ) ?? null;
  const root = source.trees().length === 1 ? source.trees()[0] : undefined;
  const edit: Change["edits"][number] =
    root?.type === "list"
      ? { op: "add-item", start: root.start, index: root.items.length, value }
      : { op: "add-component", value };
  const all = chosen.flatMap((each) => points.get(each.one) ?? []);
  place(work, all, { source, into: "template", location, edits: [edit], rendered: false });
  return chosen.map((each) => each.one);
};
