import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject, joinPath } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Member, Tree } from "../parse/tree.ts";
import { placeOf } from "../parse/tree.ts";
import { similarity } from "./align-lists.ts";
import { agreeOnMember, waysToWriteKey } from "./candidates.ts";
import { evaluateKey } from "./evaluate.ts";
import { hasMarks } from "./marks.ts";
import { otherRuns, partsOf, writeText } from "./texts.ts";
import type { Walk } from "./walk.ts";
import { canTakeParts, changeIn, forget, isContainer, logic, refuseValue, same, shared, wishOf } from "./walk.ts";
import type { Diff, DiffMember, Point, Side } from "./work.ts";
import { newPoint, place, refuse } from "./work.ts";

type MapSide = {
  readonly side: Side;
  readonly from: { readonly [key: string]: Json };
  readonly to: { readonly [key: string]: Json };
  /** Names of the template's members. */
  readonly keys: readonly (string | undefined)[];
  /** Members that nothing of the template gives, and that were not there. */
  readonly added: Set<string>;
  readonly members: DiffMember[];
};

const mapSide = (walk: Walk, node: Extract<Tree, { type: "map" }>, side: Side): MapSide => {
  const { view, path } = side;
  const [from, to] = [isObject(side.from) ? side.from : {}, isObject(side.to) ? side.to : {}];
  const keys = node.members.map((member) => {
    const key = evaluateKey(member.key, view.instance.scope, walk.style.dialect);
    return key !== undefined && Object.hasOwn(from, key) && !view.generated.has(joinPath(path, key)) ? key : undefined;
  });
  const members: DiffMember[] = [];
  for (const key of Object.keys(from)) {
    if (keys.includes(key)) continue;
    // Not the template's: the expansion added it.
    const value = from[key] ?? null;
    const now = Object.hasOwn(to, key) ? to[key] : undefined;
    if (now !== undefined && equal(value, now)) members.push({ key, diff: same(value) });
    else {
      const point = newPoint(walk.work, view.instance, joinPath(path, key), {
        from: value,
        ...(now !== undefined && { to: now }),
      });
      refuse([point], "generated", "the expansion adds it by itself; it stands in no template");
      members.push({ key, diff: { type: "point", point } });
    }
  }
  const added = new Set(Object.keys(to).filter((key) => !Object.hasOwn(from, key)));
  return { side, from, to, keys, added, members };
};

/** Keys that went and keys that came with the same value, or much of it, are one key with another name. */
const renamesOf = (walk: Walk, node: Extract<Tree, { type: "map" }>, one: MapSide): Map<number, string> => {
  const { from, to, keys, side } = one;
  const renames = new Map<number, string>();
  const open = new Set(one.added);
  const missing = keys.flatMap((key, index) => (key !== undefined && !Object.hasOwn(to, key) ? [{ key, index }] : []));
  if (missing.length === 0 || open.size === 0) return renames;
  const match = (fits: (entry: { key: string; index: number }, key: string) => boolean): void => {
    for (const entry of missing) {
      if (renames.has(entry.index)) continue;
      const found = [...open].find((key) => fits(entry, key));
      if (found === undefined) continue;
      renames.set(entry.index, found);
      open.delete(found);
    }
  };
  match(({ key }, other) => equal(from[key], to[other]));
  match(({ index }, other) => {
    const raw = node.members[index]?.key ?? "";
    const parts = partsOf(raw, side.view.instance.scope, walk.style.dialect);
    return parts !== undefined && parts.marks.length > 0 && otherRuns(parts, other) !== undefined;
  });
  match(({ key }, other) => {
    const [before, after] = [from[key] ?? null, to[other] ?? null];
    return isContainer(before) && isContainer(after) && similarity(before, after) >= 0.5;
  });
  return renames;
};

/** Walks through a mapping: members that stayed, went, came, and have another name. */
export const walkMap = (
  walk: Walk,
  node: Extract<Tree, { type: "map" }>,
  sides: readonly Side[],
  location: Location,
): Diff[] => {
  const all = sides.map((side) => mapSide(walk, node, side));
  const renames = all.map((one) => renamesOf(walk, node, one));
  for (const [index, member] of node.members.entries()) {
    const present = all.flatMap((one, number) => {
      const key = one.keys[index];
      return key === undefined ? [] : [{ one, key, renamed: renames[number]?.get(index) }];
    });
    const kept = present.filter(({ one, key, renamed }) => renamed !== undefined || Object.hasOwn(one.to, key));
    const removed = present.filter((entry) => !kept.includes(entry));
    const isTakenOut = kept.length === 0 && canTakeParts(walk);
    removeMember(walk, member, removed, isTakenOut);
    const points = renameMember(walk, member, [...kept, ...removed]);
    const inner = isTakenOut
      ? []
      : walk.into(
          walk,
          member.value,
          [...kept, ...removed].map(({ one, key, renamed }, number) => {
            const { view, path } = one.side;
            const from = one.from[key] ?? null;
            const to = number < kept.length ? (one.to[renamed ?? key] ?? null) : from;
            return { view, path: joinPath(path, renamed ?? key), from, to };
          }),
          member,
        );
    for (const [number, { one, key, renamed }] of kept.entries()) {
      const diff = inner[number] ?? same(one.from[key] ?? null);
      const own = points.get(one);
      one.members.push(
        renamed === undefined || own === undefined
          ? { key, diff }
          : { key, renamed: { to: renamed, points: own }, diff },
      );
      if (renamed !== undefined) one.added.delete(renamed);
    }
  }
  addMembers(walk, node, all, location);
  return all.map(({ members }): Diff => ({ type: "map", members }));
};

type Present = { readonly one: MapSide; readonly key: string; readonly renamed: string | undefined };

const removeMember = (walk: Walk, member: Member, removed: readonly Present[], isTakenOut: boolean): void => {
  if (removed.length === 0) return;
  const location = placeOf(walk.source, { tree: member.value, member }, "key");
  const points = removed.map(({ one, key }) => {
    const { view, path } = one.side;
    const point = newPoint(walk.work, view.instance, joinPath(path, key), { from: one.from[key] ?? null });
    one.members.push({ key, diff: { type: "point", point } });
    if (isTakenOut) forget(view, member.value, member);
    return point;
  });
  if (walk.rendered) refuse(points, "template-logic", logic, location);
  else if (!isTakenOut && canTakeParts(walk)) refuse(points, "template-shared", shared("this taken out"), location);
  else
    place(
      walk.work,
      points,
      changeIn(walk, location, { op: "remove-member", start: member.keyStart, key: member.key }),
    );
};

/** Points of each mapping in which the member has another name: one for the old name, one for the new. */
const renameMember = (walk: Walk, member: Member, kept: readonly Present[]): Map<MapSide, readonly Point[]> => {
  const found = new Map<MapSide, readonly Point[]>();
  const renamed = kept.flatMap(({ one, key, renamed }) => (renamed === undefined ? [] : [{ one, key, to: renamed }]));
  if (renamed.length === 0) return found;
  const location = placeOf(walk.source, { tree: member.value, member }, "key");
  const points = renamed.flatMap(({ one, key, to }) => {
    const { view, path } = one.side;
    const value = one.from[key] ?? null;
    const own = [
      newPoint(walk.work, view.instance, joinPath(path, key), { from: value }),
      newPoint(walk.work, view.instance, joinPath(path, to), { to: value }),
    ];
    view.keys.set(member, { from: key, to });
    walk.work.keyEdits.push({ instance: view.instance, member, to, points: own });
    found.set(one, own);
    return own;
  });
  if (walk.rendered) {
    refuse(points, "template-logic", logic, location);
    return found;
  }
  const raw = agreeOnKey(walk, member, kept);
  if (raw !== undefined) {
    place(
      walk.work,
      points,
      changeIn(walk, location, { op: "key", start: member.keyStart, end: member.keyEnd, from: member.key, to: raw }),
    );
  } else if (
    hasMarks(member.key, walk.style.dialect) &&
    !renamed.some(({ one, to }) => canBeKey(walk, member, one.side, to))
  ) {
    refuse(
      points,
      "mixed",
      "the key holds a variable, and a literal never takes the place of one; edit the template",
      location,
    );
  } else refuse(points, "template-shared", shared("this name"), location);
  return found;
};

const canBeKey = (walk: Walk, member: Member, { view }: Side, to: string): boolean => {
  const parts = partsOf(member.key, view.instance.scope, walk.style.dialect);
  return parts !== undefined && otherRuns(parts, to) !== undefined;
};

const agreeOnKey = (walk: Walk, member: Member, kept: readonly Present[]): string | undefined => {
  const { dialect } = walk.style;
  const wanted = kept.map(({ one, key, renamed }) => wishOf(walk, one.side, renamed ?? key));
  for (const { one, renamed } of kept) {
    if (renamed === undefined) continue;
    const parts = partsOf(member.key, one.side.view.instance.scope, dialect);
    if (parts === undefined) continue;
    const runs = parts.marks.length === 0 ? [renamed] : otherRuns(parts, renamed);
    if (runs === undefined) continue;
    const plain = writeText(
      parts,
      runs.map((run) => [run]),
      walk.style.like,
    );
    const ways =
      parts.marks.length === 0 ? [...waysToWriteKey(renamed, wishOf(walk, one.side, renamed), walk.style)] : [plain];
    for (const raw of ways) {
      if (raw !== undefined && wanted.every(({ scope, want }) => evaluateKey(raw, scope, dialect) === want)) return raw;
    }
  }
  return undefined;
};

const addMembers = (
  walk: Walk,
  node: Extract<Tree, { type: "map" }>,
  all: readonly MapSide[],
  location: Location,
): void => {
  if (all.every(({ added }) => added.size === 0)) return;
  const wishes = all.map(({ side, to }) => wishOf(walk, side, to));
  for (const [at, one] of all.entries()) {
    if (one.added.size === 0) continue;
    const order = [one, ...all.filter((other) => other !== one)];
    const wanted = [...wishes.slice(at, at + 1), ...wishes.slice(0, at), ...wishes.slice(at + 1)];
    for (const key of one.added) {
      const isOpen = (index: number, name: string): boolean => order[index]?.added.has(name) ?? false;
      const found = walk.rendered ? undefined : agreeOnMember(key, wanted, walk.style, isOpen);
      const takers = found === undefined ? [one] : order;
      const names = found === undefined ? [key] : found.keys;
      const points = takers.flatMap((other, index) => {
        const name = names[index] ?? key;
        const { view, path } = other.side;
        const point = newPoint(walk.work, view.instance, joinPath(path, name), { to: other.to[name] ?? null });
        other.members.push({ key: name, diff: { type: "point", point } });
        other.added.delete(name);
        return [point];
      });
      if (found !== undefined) {
        place(
          walk.work,
          points,
          changeIn(walk, location, { op: "add-member", start: node.start, key: found.key, value: found.value }),
        );
      } else if (walk.rendered) refuse(points, "template-logic", logic, location);
      else refuseValue(walk, one.side, { [key]: one.to[key] ?? null }, points, location, "it");
    }
  }
};
