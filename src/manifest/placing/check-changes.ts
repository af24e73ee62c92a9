import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Applied } from "./apply-changes.ts";
import { applyChanges } from "./apply-changes.ts";
import type { Instance, NewComponent, PlaceOptions } from "./types.ts";
import type { Change, Diff, Point } from "./work.ts";
import { settled } from "./work.ts";

/** So many times everything is expanded again at most. */
export const mostExpansions = 64;

/** What has to come out. */
export type Expected = {
  readonly instances: readonly Instance[];
  readonly diffOf: (instance: Instance) => Diff | undefined;
  readonly added: ReadonlyMap<NewComponent, Point>;
  readonly points: readonly Point[];
};

export type Checked = {
  readonly made: ReadonlySet<Change>;
  readonly files: Applied["files"];
  /** Why changes were not made. */
  readonly dropped: ReadonlyMap<
    Change,
    { readonly reason: "file-format" | "not-reproduced"; readonly message: string }
  >;
};

type Names = ReadonlyMap<string, Json>;

/** What is expected by name, when these changes are made; components whose `_id` changes have another name then. */
const expectedOf = ({ instances, diffOf, added }: Expected, baseline: Names, made: ReadonlySet<Change>) => {
  const byName = new Map(baseline);
  const renamed: Json[] = [];
  const names = new Map<string, Instance | NewComponent>();
  for (const instance of instances) {
    const { name, expanded } = instance;
    names.set(name, instance);
    const diff = diffOf(instance);
    const value = diff === undefined ? expanded : settled(diff, made);
    if (value === undefined) byName.delete(name);
    else if (idOf(value) === idOf(expanded)) byName.set(name, value);
    else {
      byName.delete(name);
      renamed.push(value);
    }
  }
  for (const [component, point] of added) {
    if (point.refused === undefined && point.changes.length > 0 && point.changes.every((change) => made.has(change))) {
      renamed.push(component.edited);
      names.set(component.name, component);
    }
  }
  return { byName, renamed, names };
};

const idOf = (value: Json): Json | undefined => (isObject(value) ? value["_id"] : undefined);

/** Names of what comes out as something else than expected. */
const differences = (
  expected: Expected,
  baseline: Names,
  made: ReadonlySet<Change>,
  actual: Names,
): ReadonlySet<string> => {
  const { byName, renamed, names } = expectedOf(expected, baseline, made);
  const wrong = new Set<string>();
  const left: Json[] = [...renamed];
  for (const [name, value] of actual) {
    const wanted = byName.get(name);
    if (wanted !== undefined && equal(value, wanted)) continue;
    if (wanted === undefined) {
      const found = left.findIndex((one) => equal(one, value));
      if (found !== -1) {
        left.splice(found, 1);
        continue;
      }
    }
    wrong.add(name);
  }
  for (const name of byName.keys()) if (!actual.has(name)) wrong.add(name);
  for (const value of left) {
    for (const [name, of] of names) if (equal(of.edited, value)) wrong.add(name);
    wrong.add("");
  }
  return wrong;
};

/** Makes changes as far as expanding again gives exactly what was edited. */
export const checkChanges = async (
  expected: Expected,
  all: ReadonlySet<Change>,
  reexpand: PlaceOptions["reexpand"],
): Promise<Checked> => {
  const dropped = new Map<Change, { reason: "file-format" | "not-reproduced"; message: string }>();
  if (all.size === 0) return { made: all, files: [], dropped };
  let expansions = 1;
  const baseline = await reexpand(new Map());
  const pointsOf = new Map<Change, Point[]>();
  for (const point of expected.points)
    for (const change of point.changes) {
      const known = pointsOf.get(change);
      if (known === undefined) pointsOf.set(change, [point]);
      else known.push(point);
    }

  /** Changes that stand with others which cannot be made go with them. */
  const dropFailed = (failed: ReadonlyMap<Change, string>): void => {
    for (const [change, problem] of failed) {
      if (!dropped.has(change)) dropped.set(change, { reason: "file-format", message: problem });
    }
  };
  const wholeOf = (changes: Iterable<Change>): Set<Change> => {
    const kept = new Set([...changes].filter((change) => !dropped.has(change)));
    for (;;) {
      const useless = [...kept].filter(
        (change) => !(pointsOf.get(change) ?? []).some((point) => point.changes.every((one) => kept.has(one))),
      );
      if (useless.length === 0) return kept;
      for (const change of useless) kept.delete(change);
    }
  };
  const attempt = async (
    changes: Iterable<Change>,
  ): Promise<{ made: Set<Change>; files: Applied["files"]; wrong: ReadonlySet<string> }> => {
    let made = wholeOf(changes);
    let applied = applyChanges(made);
    while (applied.failed.size > 0) {
      dropFailed(applied.failed);
      made = wholeOf(made);
      applied = applyChanges(made);
    }
    if (made.size === 0) return { made, files: [], wrong: new Set() };
    expansions++;
    const overlay = new Map(applied.files.map(({ file, after }) => [file, after]));
    const actual = await expandedAgain(reexpand, overlay);
    return {
      made,
      files: applied.files,
      wrong: actual === undefined ? new Set([""]) : differences(expected, baseline, made, actual),
    };
  };

  let best = await attempt(all);
  if (best.wrong.size > 0) {
    const suspects = new Set(
      [...best.made].filter((change) => (pointsOf.get(change) ?? []).some((point) => best.wrong.has(point.of.name))),
    );
    const order = [...[...best.made].filter((change) => !suspects.has(change)), ...suspects];
    const borders = suspects.size > 0 && suspects.size < order.length ? [order.length - suspects.size] : [];
    best = { made: new Set(), files: [], wrong: new Set() };
    const take = async (some: readonly Change[]): Promise<void> => {
      if (some.length === 0) return;
      const open = some.filter((change) => !dropped.has(change));
      if (expansions < mostExpansions && open.length > 0) {
        const next = await attempt([...best.made, ...open]);
        if (next.wrong.size === 0) {
          best = next;
          return;
        }
      }
      if (some.length === 1 || expansions >= mostExpansions) return;
      const half = some.length >> 1;
      await take(some.slice(0, half));
      await take(some.slice(half));
    };
    const [border = 0] = borders;
    await take(order.slice(0, border));
    await take(order.slice(border));
    for (const change of all) {
      if (best.made.has(change) || dropped.has(change)) continue;
      const message =
        expansions >= mostExpansions
          ? `this was not found out within ${mostExpansions} expansions; edit less at once`
          : "expanding the changed files again does not give what was edited; edit the files themselves";
      dropped.set(change, { reason: "not-reproduced", message });
    }
  }
  return { made: best.made, files: best.files, dropped };
};

/** Undefined where the changed files cannot be expanded. */
const expandedAgain = async (
  reexpand: PlaceOptions["reexpand"],
  overlay: ReadonlyMap<string, string>,
): Promise<Names | undefined> => {
  try {
    return await reexpand(overlay);
  } catch {
    return undefined;
  }
};
