import { canonicalJson, digest, equal } from "../canonical.ts";
import type { Change, Field, Json, Mark, Operation } from "../contract/index.ts";
import { isSealed } from "../contract/index.ts";
import { genericText, genericValue } from "./generic.ts";

/** Changes that read the same, so that one line can stand for them. */
export type ChangeGroup = {
  readonly op: Operation;
  readonly kind: string;
  readonly marks: readonly Mark[];
  /** In plan order; never empty. */
  readonly changes: readonly Change[];
  /** Their common `_id` with `<tenant>` in it; undefined where they have different ones. */
  readonly _id: string | undefined;
  /** Their differences; with `<tenant>` in the values where there are several changes. */
  readonly fields: readonly Field[];
  /** False: the same fields change, but to different values. */
  readonly sameValues: boolean;
};

/** More groups than this of changes that differ only in values or names become one. */
const mostAlike = 20;

const longText = 200;

const brief = (text: string): string => (text.length > longText ? digest(text) : text);

/** Shown first: what takes something away, then what is made anew. */
const weight: Readonly<Record<Operation, number>> = {
  delete: 0,
  replace: 1,
  forget: 2,
  rename: 2,
  adopt: 2,
  update: 2,
  insert: 2,
  noop: 3,
};

const named: ReadonlySet<Operation> = new Set<Operation>(["insert", "delete", "forget", "rename", "adopt", "noop"]);

type Draft = { changes: Change[]; family: string; _id: string | undefined; fields: readonly Field[] };

/** Fingerprints differ for equal secrets at different places; what counts is that there is one. */
const comparable = (value: Json | undefined): Json => {
  if (value === undefined) return ["unset"];
  return isSealed(value) ? ["sealed", value.fingerprint !== undefined] : [value];
};

/**
 * Parts changes into groups that read the same but for the tenant. Deletes come first, then replacements, then the rest
 * with the rarest first; groups that stay alike but for their values are joined, so that the number of groups stays small.
 */
export const groupChanges = (changes: readonly Change[]): readonly ChangeGroup[] => {
  const drafts = new Map<string, Draft>();
  for (const change of changes) {
    const { tenant, op, kind, entity, fields = [], marks = [] } = change;
    const alike = [op, kind, ...marks, "", ...fields.flatMap((field) => [field.path, field.class])];
    const family = alike.join("\n");
    const _id = genericText(tenant, entity._id);
    const parts = named.has(op) || fields.length === 0 ? [_id] : [];
    parts.push(...(change.duplicates ?? []));
    for (const field of fields) {
      for (const side of [field.from, field.to]) {
        parts.push(brief(canonicalJson(genericValue(tenant, comparable(side)))));
      }
    }
    const key = `${family}\n\n${parts.join("\n")}`;
    const draft = drafts.get(key);
    if (draft === undefined) drafts.set(key, { changes: [change], family, _id, fields });
    else {
      draft.changes.push(change);
      if (draft._id !== _id) draft._id = undefined;
    }
  }

  const families = Map.groupBy(drafts.values(), (draft) => draft.family);
  const groups: ChangeGroup[] = [];
  for (const members of families.values()) {
    const merged = members.length > mostAlike;
    if (merged) members.sort((a, b) => b.changes.length - a.changes.length);
    // The largest ones keep their line; one change on its own has nothing that is the same.
    const own = merged ? members.slice(0, mostAlike).filter((draft) => draft.changes.length > 1) : members;
    for (const draft of own) groups.push(groupOf(draft, true));
    const rest = members.slice(own.length);
    const [first] = rest;
    if (first === undefined) continue;
    const all = rest.flatMap((draft) => draft.changes);
    groups.push(groupOf({ ...first, changes: all, _id: all.length === 1 ? first._id : undefined }, false));
  }
  return groups.sort((a, b) => weight[a.op] - weight[b.op] || a.changes.length - b.changes.length);
};

const groupOf = (draft: Draft, sameValues: boolean): ChangeGroup => {
  const { changes } = draft;
  const [first] = changes;
  if (first === undefined) throw new RangeError("a group has at least one change");
  const side = (key: "from" | "to", index: number, value: Json | undefined): { readonly [key: string]: Json } => {
    if (value === undefined) return {};
    const everywhere = isSealed(value) || changes.every((change) => equal(change.fields?.[index]?.[key], value));
    return { [key]: everywhere ? value : genericValue(first.tenant, value) };
  };
  return {
    op: first.op,
    kind: first.kind,
    marks: first.marks ?? [],
    changes,
    _id: changes.length > 1 ? draft._id : first.entity._id,
    fields: draft.fields.map((field, index) => ({
      path: field.path,
      class: field.class,
      ...side("from", index, field.from),
      ...side("to", index, field.to),
    })),
    sameValues: sameValues || changes.length === 1,
  };
};
