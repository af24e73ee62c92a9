import { equal } from "../../canonical.ts";
import type { Scope } from "../expand/scope.ts";
import type { Tree } from "../parse/tree.ts";
import { evaluateKey, evaluateText } from "./evaluate.ts";
import type { Given } from "./given.ts";
import { keysGiven, scopeWith } from "./given.ts";
import type { MarkedPlace } from "./marks.ts";
import { markedPlaces } from "./marks.ts";
import { otherRuns, partsOf, wholeMark } from "./texts.ts";
import type { Instance } from "./types.ts";
import type { View, Work } from "./work.ts";
import { isGone } from "./work.ts";

/** Parts of a template that an edited instance still has. */
const livePlaces = (view: View): readonly MarkedPlace[] => {
  const { tree, dialect } = view.instance.template;
  if (view.gone.size === 0) return markedPlaces(tree, dialect);
  const dead = new Set<Tree>();
  const bury = (node: Tree): void => {
    dead.add(node);
    if (node.type === "list") node.items.forEach(bury);
    else if (node.type === "map") for (const { value } of node.members) bury(value);
  };
  for (const gone of view.gone) bury("key" in gone ? gone.value : gone);
  return markedPlaces(tree, dialect).filter(
    (place) => !dead.has(place.tree) && !(place.member && view.gone.has(place.member)),
  );
};

/** Where a template now has another text than in its file. */
const rawNow = (work: Work, instance: Instance, { tree, raw }: MarkedPlace): string => {
  if (work.leaves.size === 0) return raw;
  const leaf = work.leaves.get(`${instance.template.idSpot.source.file} ${tree.start} ${tree.end}`);
  return typeof leaf?.raw === "string" ? leaf.raw : raw;
};

const fits = (work: Work, instance: Instance, view: View | undefined, place: MarkedPlace, scope: Scope): boolean => {
  const { dialect } = instance.template;
  if (place.member !== undefined) {
    const key = evaluateKey(place.raw, scope, dialect);
    const renamed = view?.keys.get(place.member);
    return key === (renamed === undefined ? evaluateKey(place.raw, instance.scope, dialect) : renamed.to);
  }
  const raw = rawNow(work, instance, place);
  const value = evaluateText(raw, work.names.extended(instance, scope), dialect);
  const before = raw === place.raw ? value : evaluateText(place.raw, scope, dialect);
  const sides = view?.scalars.get(place.tree);
  if (sides === undefined) return value !== undefined && equal(value, evaluateText(place.raw, instance.scope, dialect));
  return sides.every(({ from, to }) => {
    if ([value, before].some((one) => one !== undefined && equal(one, to))) return true;
    if (equal(from, to) || typeof to !== "string") return false;
    const parts = partsOf(raw, work.names.extended(instance, scope), dialect);
    return parts !== undefined && wholeMark(parts) === undefined && otherRuns(parts, to) !== undefined;
  });
};

export type Disagreement = { readonly instance: Instance; readonly keys: readonly string[] };

/**
 * Uses that are not what they would be with new values; each with the keys of the values that it takes. It stops at the
 * first that takes one only.
 */
export const disagreements = (
  work: Work,
  instances: Iterable<Instance>,
  given: Given,
  pending: ReadonlySet<string>,
): readonly Disagreement[] => {
  const found: Disagreement[] = [];
  for (const instance of instances) {
    const view = work.views.get(instance);
    if (isGone(view)) continue;
    const scope = scopeWith(instance, given);
    if (scope === instance.scope) continue;
    const { tree, dialect } = instance.template;
    for (const place of view === undefined ? markedPlaces(tree, dialect) : livePlaces(view)) {
      const parts = partsOf(place.raw, instance.scope, dialect);
      const keys = new Set(
        parts?.marks.flatMap((mark) => keysGiven(instance, given, mark)).filter((key) => pending.has(key)),
      );
      if (keys.size === 0 || fits(work, instance, view, place, scope)) continue;
      found.push({ instance, keys: [...keys] });
      if (keys.size === 1) return found;
    }
  }
  return found;
};
