import { compare, driftFields, observedBasis, within } from "./compare.ts";
import { deleteEntity, insertEntity, updateEntity } from "./entity.ts";
import type { Properties } from "./json.ts";
import { at } from "./json.ts";

import { eachSealed } from "./seal.ts";
import type {
  Base,
  Change,
  Field,
  Finding,
  FindingKind,
  Live,
  Mark,
  Operation,
  Resource,
  Shape,
  Verdict,
} from "./types.ts";
import { isFinding } from "./types.ts";

/** Everything that decides about one resource. */
export type Situation = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly wave?: string;
  readonly shape: Shape;
  /** What the files ask for; absent where they do not. */
  readonly desired?: Resource;
  /** The ledger's entry; absent where it is not ours. */
  readonly base?: Base;
  /** Every live object that carries the natural key or the entry's id. */
  readonly live: readonly Live[];
  /** False: the collection could not be read. */
  readonly readable: boolean;
  /** It may be taken over if it exists. */
  readonly adopt: boolean;
  readonly protected: boolean;
  /** Deleting it would lose data, and that was not allowed. */
  readonly keepsData: boolean;
  /** The kind has an update. */
  readonly updatable: boolean;
  /** Something that it refers to gets a new id. */
  readonly referenceMoves: boolean;
  /** The target's `updated_at` moves only when the object is written. */
  readonly trustsUpdatedAt: boolean;
  /** A field can be unset in place. */
  readonly canUnset: boolean;
  /** Secrets are written again though nothing says that they differ. */
  readonly rewritesSecrets: boolean;
  /** What cannot be known is a reason to make something anew. */
  readonly rewritesUnknown: boolean;
  /** The `_id` that the entry had until now; `base` carries the new one already. */
  readonly renamedFrom?: string;
  /** Drops differences that a policy leaves alone. */
  readonly keep: (field: Field) => boolean;
};

const ours = (s: Situation): Live | undefined => s.live.find((live) => live.id === s.base?.id);

const unresolved = (properties: Properties): boolean => {
  let found = false;
  eachSealed(properties, (_, sealed) => {
    if (sealed.fingerprint === undefined) found = true;
  });
  return found;
};

const compared = new WeakMap<Situation, readonly Field[]>();

/** What would have to be written; several rows ask. */
const differences = (s: Situation): readonly Field[] => {
  const known = compared.get(s) ?? findDifferences(s);
  compared.set(s, known);
  return known;
};

const findDifferences = (s: Situation): readonly Field[] => {
  const live = ours(s);
  if (s.desired === undefined || live === undefined) return [];
  const found = compare(s.shape, s.desired.properties, live, s.base, s.trustsUpdatedAt).filter(s.keep);
  const fields = s.rewritesSecrets && s.updatable ? withSecrets(found, s.desired.properties, s.base?.applied) : found;
  // What cannot be known is no reason to make something anew.
  return s.updatable || s.rewritesUnknown ? fields : fields.filter((field) => field.class !== "unknown");
};

/** Every secret as something to write. */
const withSecrets = (
  fields: readonly Field[],
  desired: Properties,
  applied: Properties | undefined,
): readonly Field[] => {
  const known = new Set(fields.map((field) => field.path));
  const more: Field[] = [];
  eachSealed(desired, (path, to) => {
    if (known.has(path)) return;
    const from = applied === undefined ? undefined : at(applied, path);
    more.push({ path, ...(from === undefined ? {} : { from }), to, class: "unknown" });
  });
  return [...fields, ...more].sort((a, b) => (a.path < b.path ? -1 : 1));
};

const finding = (s: Situation, type: FindingKind): Finding => ({
  finding: type,
  tenant: s.tenant,
  target: s.target,
  kind: s.kind,
  _id: s._id,
  ids: s.live.map((live) => live.id).sort(),
});

const isSecretive = (properties: Properties | undefined): boolean => {
  let found = false;
  if (properties !== undefined) {
    eachSealed(properties, () => {
      found = true;
    });
  }
  return found;
};

/** What a write of the live object rests on besides its readable values: secrets are only seen by the time of the last write. */
const lastWrite = (s: Situation, id: string | undefined): string | undefined =>
  s.trustsUpdatedAt && (isSecretive(s.desired?.properties) || isSecretive(s.base?.applied))
    ? s.live.find((live) => live.id === id)?.updatedAt
    : undefined;

const others = (s: Situation): readonly string[] => s.live.flatMap(({ id }) => (id === s.base?.id ? [] : [id])).sort();

type Facts = { readonly id?: string; readonly marks?: readonly (Mark | false)[]; readonly fields?: readonly Field[] };

const change = (s: Situation, op: Operation, entity: Change["entity"], facts: Facts = {}): Change => {
  const marks = (facts.marks ?? []).filter((mark): mark is Mark => mark !== false);
  const updatedAt = lastWrite(s, facts.id);
  return {
    tenant: s.tenant,
    target: s.target,
    kind: s.kind,
    ...(facts.id === undefined ? {} : { id: facts.id }),
    op,
    entity,
    ...(updatedAt === undefined ? {} : { updatedAt }),
    dependsOn: [],
    ...(s.wave === undefined ? {} : { wave: s.wave }),
    ...(marks.length === 0 ? {} : { marks }),
    ...(marks.includes("duplicate") ? { duplicates: others(s) } : {}),
    ...(facts.fields === undefined || facts.fields.length === 0 ? {} : { fields: facts.fields }),
  };
};

const desiredMarks = (s: Situation, fields: readonly Field[]): (Mark | false)[] => [
  fields.some((field) => field.class === "drift" || field.class === "both") && "drift",
  s.live.length > 1 && "duplicate",
  s.desired !== undefined && unresolved(s.desired.properties) && "unresolved",
];

const seen = (s: Situation, live: Live): Properties =>
  observedBasis(s.shape, s.desired?.properties, s.base?.applied, live.properties);

/** A row of the table: the first whose `when` holds decides. */
export type Row = {
  readonly name: string;
  readonly when: (s: Situation) => boolean;
  /** Undefined: nothing to say. */
  readonly verdict: (s: Situation) => Verdict | undefined;
};

const needsReplacement = (s: Situation): boolean => {
  const fields = differences(s);
  return (
    s.referenceMoves ||
    fields.some(
      (field) =>
        within(s.shape.immutable, field.path) ||
        (field.class === "removed" && field.to === undefined && !s.canUnset && s.updatable),
    )
  );
};

/** The same, under its new name: nothing but the name, or what the rows below say. */
const renamed = (s: Situation): Verdict | undefined => {
  const { renamedFrom, ...under } = s;
  const verdict = classify(under, rows.slice(rows.findIndex((row) => row.name === "renamed") + 1));
  if (verdict === undefined || renamedFrom === undefined) return verdict;
  if (isFinding(verdict)) return { ...verdict, from: renamedFrom };
  const op = verdict.op === "noop" ? "rename" : verdict.op;
  return { ...verdict, op, from: renamedFrom, marks: [...(verdict.marks ?? []), "renamed"] };
};

/** Design: the order is the meaning; swapping two rows changes what is done. */
export const rows: readonly Row[] = [
  { name: "unreadable", when: (s) => !s.readable, verdict: (s) => finding(s, "unreadable") },
  { name: "renamed", when: (s) => s.renamedFrom !== undefined, verdict: renamed },
  {
    name: "ambiguous",
    when: (s) => s.desired !== undefined && ours(s) === undefined && s.live.length > 1,
    verdict: (s) => finding(s, "ambiguous"),
  },
  {
    name: "not ours",
    when: (s) => ours(s) === undefined && s.live.length > 0 && (s.desired !== undefined || s.base === undefined),
    verdict: (s) => {
      const live = s.live[0];
      if (s.desired === undefined || live === undefined) return finding(s, "unmanaged");
      if (!s.adopt) return finding(s, "adoption");
      const fields = compare(s.shape, s.desired.properties, live, undefined, false).filter(s.keep);
      return change(s, "adopt", updateEntity(s.desired, seen(s, live)), { id: live.id, fields });
    },
  },
  {
    name: "nothing live",
    when: (s) => ours(s) === undefined,
    verdict: (s) => {
      if (s.desired !== undefined) {
        const marks = [s.base !== undefined && "vanished", unresolved(s.desired.properties) && "unresolved"] as const;
        return change(s, "insert", insertEntity(s.desired), { marks });
      }
      return s.base === undefined
        ? undefined
        : change(s, "forget", deleteEntity(s.base.resource, {}), { id: s.base.id });
    },
  },
  {
    name: "no longer desired",
    when: (s) => s.desired === undefined,
    verdict: (s) => {
      const live = ours(s);
      if (s.base === undefined || live === undefined) return undefined;
      if (s.protected) return finding(s, "protected");
      const entity = deleteEntity(s.base.resource, seen(s, live));
      const duplicate = s.live.length > 1 && "duplicate";
      if (s.keepsData) return change(s, "noop", entity, { id: live.id, marks: ["retained", duplicate] });
      const drifted = driftFields(s.shape, s.base, live);
      const marks = [drifted.length > 0 && "drift", duplicate] as const;
      return change(s, "delete", entity, { id: live.id, marks, fields: drifted });
    },
  },
  {
    name: "cannot be changed in place",
    when: needsReplacement,
    verdict: (s) => {
      const live = ours(s);
      if (s.desired === undefined || live === undefined) return undefined;
      if (s.protected || s.keepsData) return finding(s, "protected");
      const fields = differences(s);
      const marks = desiredMarks(s, fields);
      return change(s, "replace", updateEntity(s.desired, seen(s, live)), { id: live.id, marks, fields });
    },
  },
  {
    name: "differs",
    when: (s) => differences(s).length > 0,
    verdict: (s) => {
      const live = ours(s);
      if (s.desired === undefined || live === undefined) return undefined;
      const fields = differences(s);
      const marks = desiredMarks(s, fields);
      return change(s, "update", updateEntity(s.desired, seen(s, live)), { id: live.id, marks, fields });
    },
  },
  {
    name: "equal",
    when: () => true,
    verdict: (s) => {
      const live = ours(s);
      if (s.desired === undefined || live === undefined) return undefined;
      const marks = desiredMarks(s, []);
      return change(s, "noop", updateEntity(s.desired, seen(s, live)), { id: live.id, marks });
    },
  },
];

/** Decides about one resource. Pure and total; no write comes out without ownership. */
export const classify = (situation: Situation, table: readonly Row[] = rows): Verdict | undefined =>
  table.find((row) => row.when(situation))?.verdict(situation);

/** True where a verdict's entity holds a secret that could not be resolved when planning. */
export const hasUnresolved = (entity: Properties): boolean => unresolved(entity);
