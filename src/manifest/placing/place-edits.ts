import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Tree } from "../parse/tree.ts";
import { asWritten } from "./as-written.ts";
import { styleOf } from "./candidates.ts";
import type { Checked } from "./check-changes.ts";
import { checkChanges } from "./check-changes.ts";
import { addComponents, isComponent, removeComponents, unreadable, withGenerated } from "./components.ts";
import { decide, proposalFor } from "./decide.ts";
import { evaluate, evaluateKey } from "./evaluate.ts";
import { keysGiven, keysOf, scopeWith } from "./given.ts";
import { namesIn } from "./names.ts";
import type { Decided, Proposal } from "./settle-variables.ts";
import { otherValues, partsOf } from "./texts.ts";
import type { Instance, NewComponent, PlacedEdit, Placement, PlaceOptions, UnplacedEdit } from "./types.ts";
import type { Walk } from "./walk.ts";
import { walkTree } from "./walk-tree.ts";
import type { Change, Point, Side, View, Work } from "./work.ts";
import { isGone, newPoint, refuse } from "./work.ts";

const isEdited = ({ expanded, edited }: Instance): boolean =>
  edited !== expanded && (edited === undefined || !equal(edited, expanded));

const byTemplate = (instances: readonly Instance[], edited: readonly Instance[]): readonly (readonly Instance[])[] => {
  const groups = new Map<object, Instance[]>(
    edited.filter(({ rendered }) => !rendered).map(({ template }) => [template.tree, []]),
  );
  for (const instance of instances) if (!instance.rendered) groups.get(instance.template.tree)?.push(instance);
  return [...groups.values(), ...edited.filter(({ rendered }) => rendered).map((instance) => [instance])];
};

/** Of templates of which a component was edited, and that a template language reads. */
const withWrittenTexts = (instances: readonly Instance[]): readonly Instance[] => {
  const files = new Set(instances.filter((one) => one.rendered && isEdited(one)).map(fileOf));
  if (files.size === 0) return instances;
  return instances.map((one) => (one.rendered && files.has(fileOf(one)) ? asWritten(one) : one));
};

const fileOf = ({ template }: Instance): string => template.idSpot.source.file;

const createView = (instance: Instance): View => ({
  instance,
  scalars: new Map(),
  keys: new Map(),
  gone: new Set(),
  generated: new Set(instance.generated),
  diff: undefined,
});

const idOf = (value: Json | undefined): string | undefined => {
  const id = isObject(value) ? value["_id"] : undefined;
  return typeof id === "string" ? id : undefined;
};

/** Ids that components have after all edits, and how many of them. */
const idsOf = (instances: readonly Instance[], added: readonly NewComponent[]): ReadonlyMap<string, number> => {
  const ids = new Map<string, number>();
  for (const { edited } of [...instances, ...added]) {
    const id = idOf(edited);
    if (id !== undefined) ids.set(id, (ids.get(id) ?? 0) + 1);
  }
  return ids;
};

/** Places that a template language repeats, with those that were not edited. */
const addRepeated = (work: Work): void => {
  for (const leaf of work.leaves.values()) {
    if (!leaf.rendered || !leaf.isLiteral) continue;
    const { start, end } = leaf.node;
    for (const instance of work.instances) {
      const view = work.views.get(instance);
      if (isGone(view) || instance.template.idSpot.source.file !== leaf.source.file) continue;
      const visit = (tree: Tree): void => {
        if (tree.type === "list") tree.items.forEach(visit);
        else if (tree.type === "map") for (const { value } of tree.members) visit(value);
        else if (tree.start === start && tree.end === end && !view?.scalars.has(tree) && !view?.gone.has(tree)) {
          const value = evaluate(tree.value, instance.scope, instance.template.dialect) ?? null;
          const side = { view: view ?? createView(instance), path: "", from: value, to: value };
          leaf.entries.push({ side, instance, point: undefined, isLoose: false });
        }
      };
      visit(instance.template.tree);
    }
  }
};

/** Keys that were refused because of a variable that has another value now, and what they say about variables. */
const settleKeys = (work: Work, decided: Decided): void => {
  for (const { instance, member, to, points } of work.keyEdits) {
    if (points.every(({ refused }) => refused === undefined)) continue;
    const scope = scopeWith(instance, decided.given);
    const { dialect } = instance.template;
    if (scope === instance.scope || evaluateKey(member.key, scope, dialect) !== to) continue;
    const marks = partsOf(member.key, instance.scope, dialect)?.marks ?? [];
    const changes = marks.flatMap((mark) =>
      keysGiven(instance, decided.given, mark).flatMap((key) => decided.changes.get(key) ?? []),
    );
    for (const point of points) {
      point.refused = undefined;
      point.changes = [...new Set(changes)];
    }
  }
};

const keyProposals = (work: Work): readonly Proposal[] =>
  work.keyEdits.flatMap(({ instance, member, to, points }) => {
    if (points.every(({ refused }) => refused === undefined)) return [];
    const parts = partsOf(member.key, instance.scope, instance.template.dialect);
    const found = parts === undefined ? [] : otherValues(parts, to);
    return found.length !== 1 ? [] : found.flatMap(({ mark, text }) => proposalFor(instance, mark, text));
  });

const walkGroup = (work: Work, group: readonly Instance[], ids: ReadonlyMap<string, number>): void => {
  const [first] = group;
  if (first === undefined) return;
  const viewOf = (instance: Instance): View => {
    const view = work.views.get(instance) ?? createView(instance);
    work.views.set(instance, view);
    return view;
  };
  removeComponents(work, group, viewOf);
  const { tree, idSpot, dialect } = first.template;
  const { source } = idSpot;
  const walk: Walk = { work, source, rendered: first.rendered, style: styleOf(source, dialect), into: walkTree };
  if (group.every((instance) => isGone(work.views.get(instance)))) return;
  const sides = group.map((instance): Side => {
    const { edited, expanded } = instance;
    const view = viewOf(instance);
    const point =
      view.diff === undefined && edited !== undefined ? unreadablePoint(work, instance, edited, ids) : undefined;
    if (point !== undefined) view.diff = { type: "point", point };
    // What cannot be read, or taken out, stays as it was, and counts for the others as such.
    return { view, path: "", from: expanded, to: edited === undefined || point !== undefined ? expanded : edited };
  });
  for (const [index, diff] of walkTree(walk, tree, sides).entries()) {
    const view = sides[index]?.view;
    if (view !== undefined && view.diff === undefined) view.diff = diff;
  }
};

const unreadablePoint = (
  work: Work,
  instance: Instance,
  edited: Json,
  ids: ReadonlyMap<string, number>,
): Point | undefined => {
  const id = idOf(edited);
  const isTaken = id !== undefined && id !== idOf(instance.expanded) && (ids.get(id) ?? 0) > 1;
  if (isComponent(edited) && !isTaken) return undefined;
  const point = newPoint(work, instance, "", { from: instance.expanded, to: edited });
  if (isTaken) refuse([point], "no-template", `another component has the _id "${id}"; give it one of its own`);
  else refuse([point], "unreadable", unreadable);
  return point;
};

type Presumed = { readonly point: Point; readonly refused: NonNullable<Point["refused"]> };

/** What a template language makes may be what comes of new values of variables; expanding again tells. */
const presumeMade = (work: Work, decided: Decided): readonly Presumed[] =>
  [...work.leaves.values()].flatMap(({ entries, isLiteral }) =>
    entries.flatMap(({ instance, point }): Presumed[] => {
      const refused = point?.refused;
      if (isLiteral || point === undefined || refused?.reason !== "template-logic") return [];
      const { variables, values } = instance.scope;
      const keys = values.flatMap((value, slot) => keysOf(instance, variables[slot] ?? "", value));
      const changes = new Set(keys.flatMap((key) => decided.changes.get(key) ?? []));
      if (changes.size === 0) return [];
      point.refused = undefined;
      point.changes = [...changes];
      return [{ point, refused }];
    }),
  );

const outcomes = (
  work: Work,
  made: ReadonlySet<Change>,
  dropped: Checked["dropped"],
): Pick<Placement, "placed" | "unplaced"> => {
  const placed: PlacedEdit[] = [];
  const unplaced: UnplacedEdit[] = [];
  for (const { edit, changes, refused } of work.points) {
    const [first] = changes;
    if (refused !== undefined || first === undefined) {
      const { reason, message, location } = refused ?? nothingFound;
      unplaced.push({ ...edit, reason, message, ...(location !== undefined && { location }) });
    } else if (changes.every((change) => made.has(change))) {
      placed.push({ ...edit, into: first.into, location: first.location });
    } else {
      const failed = changes.find((change) => dropped.has(change)) ?? first;
      const { reason, message } = dropped.get(failed) ?? withOthers;
      unplaced.push({ ...edit, reason, message, location: failed.location });
    }
  }
  return { placed, unplaced };
};

const nothingFound = {
  reason: "mixed",
  message: "no single change of the files gives it; edit the files themselves",
  location: undefined,
} as const;

const withOthers = {
  reason: "not-reproduced",
  message: "it belongs together with an edit that has no place; edit the files themselves",
} as const;

/**
 * Finds where edits of an expansion belong: in templates, or where variables have their values. Each edit is placed so that
 * expanding the changed files again gives exactly what was edited, or listed with why it has no place. Nothing is written.
 */
export const placeEdits = async (
  given: readonly Instance[],
  found: readonly NewComponent[],
  options: PlaceOptions,
): Promise<Placement> => {
  if (found.length === 0 && !given.some(isEdited)) return { files: [], placed: [], unplaced: [] };
  const instances = withWrittenTexts(given);
  const added = withGenerated(instances, found);
  const edited = instances.filter(isEdited);
  const decided: Decided = { given: new Map(), changes: new Map() };
  const work: Work = {
    instances,
    options,
    names: namesIn([...instances, ...added]),
    views: new Map(),
    points: [],
    leaves: new Map(),
    keyEdits: [],
  };
  const ids = idsOf(instances, added);
  for (const group of byTemplate(instances, edited)) walkGroup(work, group, ids);
  const newPoints = addComponents(work, added, (component) => (ids.get(idOf(component) ?? "") ?? 0) > 1);
  addRepeated(work);
  decide(work, decided, keyProposals(work));
  settleKeys(work, decided);
  const expected = {
    instances,
    diffOf: (instance: Instance) => work.views.get(instance)?.diff,
    added: newPoints,
    points: work.points,
  };
  const check = (): Promise<Checked> => {
    const changes = work.points.flatMap((point) => (point.refused === undefined ? point.changes : []));
    return checkChanges(expected, new Set(changes), options.reexpand);
  };
  const presumed = presumeMade(work, decided);
  let checked = await check();
  if (presumed.length > 0 && checked.dropped.size > 0) {
    for (const { point, refused } of presumed) refuse([point], refused.reason, refused.message, refused.location);
    checked = await check();
  }
  return { files: checked.files, ...outcomes(work, checked.made, checked.dropped) };
};
