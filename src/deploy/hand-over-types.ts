import type { Field, Json, Live, Path, Properties } from "../contract/index.ts";
import type { AdoptLeft } from "./ownership-types.ts";
import type { Selection } from "./types.ts";

/**
 * Stands for a secret that must not be read: keyed with the secret key of its target and with its resource's live `id`.
 * `path` is a JSON Pointer.
 */
export type CredentialFingerprint = (secretKey: string, id: string, path: Path, value: Json) => string;

/** An owned resource as another driver may know it: no secret is in it. */
export type HandOverItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  /** The live id. */
  readonly id: string;
  /** Of the target's API. */
  readonly endpoint: string;
  /** What the files ask for; other resources by their live ids, and nothing at secret paths. */
  readonly properties: Properties;
  /** What is live, in the same way. */
  readonly live: Properties;
  readonly health?: NonNullable<Live["health"]>;
  /** Of what is left out, by path. */
  readonly fingerprints: { readonly [path: Path]: string };
  /** True where an earlier run has marked its entry already. */
  readonly handedOver: boolean;
};

export type HandOver = {
  /** Things come after what they need. */
  readonly items: readonly HandOverItem[];
  readonly left: readonly AdoptLeft[];
};

export type HandOverOptions = Selection & {
  /** Globs of `kind/_id`; default everything that the selected tenants own. */
  readonly resources?: readonly string[];
  readonly fingerprint: CredentialFingerprint;
  readonly acceptTarget?: boolean;
  /** Called with what was found before anything is written or recorded; what it throws ends the call. */
  readonly confirm?: (handOver: HandOver) => Promise<void>;
  /** Called under the tenants' leases, before the entries are marked: what it throws leaves them as they are. */
  readonly write: (items: readonly HandOverItem[]) => Promise<void>;
  readonly signal?: AbortSignal;
};

export type HandOverReport = {
  readonly type: "hand-over";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  /** Absent where there was nothing to hand over. */
  readonly run?: string;
  readonly items: readonly Pick<HandOverItem, "tenant" | "target" | "kind" | "_id" | "id" | "handedOver">[];
  readonly left: readonly AdoptLeft[];
};

/** A resource as another driver's state has it. */
export type StateResource = {
  /** How that driver names it. */
  readonly urn: string;
  /** Its name there: most often the `_id`. */
  readonly name: string;
  readonly kind: string;
  readonly id: string;
  /** The kind's properties, other resources by their live ids, without what cannot be read. It may hold secrets in clear. */
  readonly properties: Properties;
  /** Paths below which the state has something that cannot be read. */
  readonly hidden: readonly Path[];
  /** Paths below which values are secret there, whatever the files say: they are compared and never shown. */
  readonly secret: readonly Path[];
  readonly fingerprints: { readonly [path: Path]: string };
  /** What was live when it was written or refreshed last, where that can be read. */
  readonly live?: Properties;
  readonly endpoint?: string;
};

export type TakeBackItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  readonly urn: string;
  /** True where the ledger does not have it yet. */
  readonly adopted: boolean;
  /** What the next plan will change. */
  readonly fields: readonly Field[];
};

export type TakeBack = {
  readonly items: readonly TakeBackItem[];
  readonly left: readonly AdoptLeft[];
  /** The ledger has them as its own already, by what the other driver calls them. */
  readonly known: readonly string[];
};

export type TakeBackOptions = Selection & {
  readonly state: readonly StateResource[];
  /** Globs of `kind/_id`; default everything in the state. */
  readonly resources?: readonly string[];
  readonly fingerprint: CredentialFingerprint;
  readonly acceptTarget?: boolean;
  /** Called with what was found before anything is recorded; what it throws ends the call. */
  readonly confirm?: (takeBack: TakeBack) => Promise<void>;
  readonly signal?: AbortSignal;
};

export type TakeBackReport = TakeBack & {
  readonly type: "take-back";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  /** Absent where there was nothing to take back. */
  readonly run?: string;
};
