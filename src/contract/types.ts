import type { Json, Path, Properties } from "./json.ts";

/**
 * A secret as it stands in desired state, plans and ledgers: the template's whole text, such as
 * `https://u:$SECRET(p)@h`, and a keyed fingerprint of what it resolves to. Without a fingerprint it is unresolved.
 */
export type Sealed = { readonly $secret: string; readonly fingerprint?: string };

/** One document that a template produced, with every variable expanded. */
export type Component = {
  readonly tenant: string;
  readonly connector: string;
  readonly datatype?: string;
  readonly system: string;
  readonly _id: string;
  readonly type: string;
  /** Everything but `_id` and `type`; secrets stand as `Sealed` without a fingerprint. */
  readonly properties: Properties;
  /** Default schedule (five-field cron) from the manifest's sync_frequency, schedule_interval or webhook; absent: none. */
  readonly schedule?: string;
};

/** Desired state of one thing. References are `_id`s, secrets are `Sealed`. */
export type Resource = {
  readonly tenant: string;
  readonly kind: string;
  readonly _id: string;
  readonly properties: Properties;
};

/** A resource in the form of the connector contract. */
export type Entity = { readonly _id: string; readonly [property: string]: Json };

/** What the target holds now. References to our own resources are `_id`s; catalog secrets are stripped. */
export type Live = {
  readonly id: string;
  readonly properties: Properties;
  /** ISO 8601, by the target's clock. */
  readonly createdAt?: string;
  readonly updatedAt?: string;
  /** Catalog secrets that the target shows as set, masked; absent where it never shows them. */
  readonly masked?: readonly Path[];
  /** The listing did not carry the configuration: only what makes the natural key is there. */
  readonly isBare?: true;
  /** How many records it holds, where it holds records and the target tells. */
  readonly records?: number;
  /** What the target says of its health, such as `connected` or `failed`, with its reason. `untried`: it never finds out. */
  readonly health?: { readonly status: string; readonly reason?: string; readonly untried?: true };
  /** Of an import job, where the target tells: when it ran last (ISO 8601), and the records of that run. */
  readonly lastRun?: { readonly at: string; readonly processed?: number; readonly failed?: number };
};

/** A ledger entry. Its existence is ownership. */
export type Base = {
  readonly target: string;
  readonly resource: Resource;
  /** The live id. */
  readonly id: string;
  /** What we declared when we last wrote. */
  readonly applied: Properties;
  /** What the verifying read returned for those paths. */
  readonly echo: Properties;
  /** As the verifying read gave it; compared for equality, never with a clock. */
  readonly updatedAt?: string;
  readonly driver: "engine" | "pulumi";
  readonly state: "live" | "retained";
};

export const fieldClasses = ["files", "drift", "both", "removed", "unknown"] as const;
export type FieldClass = (typeof fieldClasses)[number];

/** One difference. `from` is what is live (or was applied, for write-only paths), `to` what is desired. */
export type Field = { readonly path: Path; readonly from?: Json; readonly to?: Json; readonly class: FieldClass };

export const marks = ["vanished", "drift", "renamed", "duplicate", "retained", "unresolved"] as const;
export type Mark = (typeof marks)[number];

export const operations = ["insert", "update", "replace", "delete", "rename", "adopt", "forget", "noop"] as const;
export type Operation = (typeof operations)[number];

/** The old object of a replacement that was interrupted, and what the replacement rested on. */
export type Leftover = {
  readonly id: string;
  /** The live values that were seen. */
  readonly basedOn: Properties;
  /** As `updatedAt` of the change. */
  readonly updatedAt?: string;
};

/** One line of a plan. */
export type Change = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  /** The live id; absent for an insert. */
  readonly id?: string;
  readonly op: Operation;
  /** The `_id` that it had before: its entry moves first, then the rest is done under the new one. */
  readonly from?: string;
  /** The live id of the new object that an interrupted replacement has made already. */
  readonly resumes?: string;
  /** Old objects of interrupted replacements, which go with the one that this change takes away. */
  readonly leftovers?: readonly Leftover[];
  /** Of something taken over: what the target never returns counts as what the files say. */
  readonly trusted?: true;
  /** The target's `updated_at` when the plan was made, where secrets are part of the resource and it moves only with writes. */
  readonly updatedAt?: string;
  /** Other live objects that carry this identity: named, never written. */
  readonly duplicates?: readonly string[];
  /** Desired state in the form of the contract: `$ids`, `$based_on`, `_deleted`. */
  readonly entity: Entity;
  /** Addresses (`kind/_id`) of changes of the same tenant that must be done before this one. */
  readonly dependsOn: readonly string[];
  readonly wave?: string;
  readonly marks?: readonly Mark[];
  readonly fields?: readonly Field[];
};

export const findingKinds = ["unreadable", "ambiguous", "adoption", "protected", "unmanaged"] as const;
export type FindingKind = (typeof findingKinds)[number];

/** Something a plan saw and will not touch. */
export type Finding = {
  readonly finding: FindingKind;
  readonly tenant?: string;
  readonly target: string;
  readonly kind: string;
  readonly _id?: string;
  readonly ids: readonly string[];
  /** The `_id` that it had before, where it is renamed. */
  readonly from?: string;
  /** Why a collection could not be read. */
  readonly reason?: string;
  /** Whose the live object is already, where an entry of a planned tenant names it. */
  readonly owner?: { readonly tenant: string; readonly _id: string };
};

export type Verdict = Change | Finding;

export const outcomes = ["done", "conflict", "failed", "skipped", "uncertain"] as const;
/** What became of a change. */
export type Outcome = (typeof outcomes)[number];

/** What a kind's properties look like and how they compare. Paths are JSON Pointers into the properties. */
export type Shape = {
  /** JSON Schema of the properties. */
  readonly schema: object;
  /** Secret by the catalog: never returned, sealed everywhere. */
  readonly secret: readonly Path[];
  /** Never returned by the target, though not secret. */
  readonly writeOnly: readonly Path[];
  /** A difference here means replace. */
  readonly immutable: readonly Path[];
  /** Lists whose order means nothing. */
  readonly unordered: readonly Path[];
  /** The deployer's own settings, such as `/on_delete`: kept in the ledger, never sent; a difference only where immutable. */
  readonly local: readonly Path[];
  /** What the target sets when a field is unset; a removed field is done when live equals this. */
  readonly defaults: { readonly [path: Path]: Json };
  /** What the target works out from other fields where it is not given, and shows as if it was. */
  readonly derived?: readonly Path[];
};

/** `kind/_id`: how messages, globs and `dependsOn` name a resource. */
export const address = (kind: string, _id: string): string => `${kind}/${_id}`;

export const isFinding = (verdict: Verdict): verdict is Finding => "finding" in verdict;
