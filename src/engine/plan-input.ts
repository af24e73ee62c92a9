import type { Base, Change, Field, Finding, Leftover, Refusal, RenderedItem, Resource } from "../contract/index.ts";
import type { Target } from "../resources/index.ts";
import type { DeleteBudget } from "./guards.ts";
import type { Observed } from "./observe.ts";
import type { Orphan } from "./orphans.ts";

/** One tenant as the planner sees it. */
export type TenantInput = {
  readonly tenant: string;
  readonly target: string;
  readonly wave?: string;
  /** Sealed. */
  readonly desired: readonly Resource[];
  /** The ledger's entries, those of open create intents included. */
  readonly entries: readonly Base[];
  /** Addresses whose ledger entry has to be written even if nothing differs. */
  readonly unsettled: ReadonlySet<string>;
  /** Old objects of interrupted replacements, by address. */
  readonly leftovers: ReadonlyMap<string, readonly Leftover[]>;
  /** Resources that have open intents and no entry. */
  readonly orphans?: readonly Orphan[];
  /** Entries under a new `_id`, which they carry already: the old one by address. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** Digest of the expansion. */
  readonly inputs: string;
  /** Pipes and systems of its expansion, which nothing here deploys. Default: none. */
  readonly rendered?: readonly RenderedItem[];
  /** The ledger's revision. */
  readonly ledger: string;
  readonly leaving: boolean;
  readonly vanished: boolean;
};

/** A resource of a tenant on a target, by name. */
export type Owned = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
};

/** What the project's files say about how to plan. */
export type Policies = {
  /** Of `kind/_id`. */
  readonly isProtected: (resource: string) => boolean;
  readonly mayAdopt: (resource: string) => boolean;
  /** Whether anything but this resource owns a live object, on whichever target name: then it is never taken over. */
  readonly isOwnedElsewhere: (resource: Owned, identity: string, id: string) => boolean;
  /** False: a difference that is to be left alone. */
  readonly keepField: (tenant: string, kind: string, field: Field) => boolean;
  /** Of `kind/_id`: its secrets are written though nothing says that they differ. */
  readonly rewritesSecrets?: (resource: string) => boolean;
  /** What cannot be known of a thing that cannot be updated is a reason to make it anew. */
  readonly rewritesUnknown?: boolean;
  /** Of `kind/_id`; what depends on a selected one comes along. */
  readonly isSelected: (resource: string) => boolean;
};

export type PlanInput<Api> = {
  readonly tool: string;
  readonly createdAt: string;
  readonly environment: string;
  readonly targets: ReadonlyMap<string, Target<Api>>;
  readonly observed: ReadonlyMap<string, Observed>;
  /** Sorted by tenant. */
  readonly tenants: readonly TenantInput[];
  readonly waves: readonly string[];
  readonly prune: boolean;
  readonly deleteData: boolean;
  readonly maxDeletes: DeleteBudget;
  readonly recreateMissing: boolean;
  readonly policies: Policies;
  /** Refusals that are known before anything is compared. */
  readonly refusals: readonly Refusal[];
};

/** What one tenant's part of a plan holds. */
export type Planned = { changes: Change[]; prunable: Change[]; findings: Finding[]; noops: number };
