import type { Base, Path, Resource } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { DriftPolicy, Tenant } from "../manifest/index.ts";

/** One resource that a tenant's files ask for. */
export type DesiredResource = Resource & {
  /** Where its properties name other resources of the tenant. */
  readonly references: readonly {
    readonly path: Path;
    readonly kind: string;
    readonly _id: string;
    /** Only an order where both are declared; absent is fine. */
    readonly optional?: boolean;
  }[];
  /** Named under `protected:`. */
  readonly isProtected: boolean;
  /** Paths of its values that `ignore:` leaves to others. */
  readonly ignored: readonly Path[];
};

/** What one tenant's files ask for. */
export type DesiredTenant = {
  readonly tenant: string;
  /** Name of its target. */
  readonly target: string;
  readonly state: Tenant["state"];
  /** Files of the project's own connector types, relative to the project folder. */
  readonly catalogFiles: readonly string[];
  /** In file order; secrets are sealed, without fingerprints. */
  readonly resources: readonly DesiredResource[];
  /** The clear text of what is sealed. Throws `missing-secret`, `missing-environment-variable`, `secret-command-failed`. */
  reveal(text: string): Promise<string>;
};

/** What one tenant's files and secrets ask for, in a form that can be kept anywhere. */
export type DesiredDigest = {
  readonly tenant: string;
  /** HMAC with the key of the ledger's fingerprints, in hex. */
  readonly digest: string;
  readonly state: Tenant["state"];
  /** What is sealed and has no value, each once: as the templates write it, such as `$SECRET(crm_api_key)`. */
  readonly unresolved: readonly string[];
  /** The tenant's own drift policy, where it has one. */
  readonly on_drift?: DriftPolicy;
};

/** What the ledger holds of one tenant. */
export type OwnedReport = {
  readonly tenant: string;
  /** Sorted by kind and `_id`. */
  readonly items: readonly {
    readonly target: string;
    readonly kind: string;
    readonly _id: string;
    /** The live id. */
    readonly id: string;
    readonly state: "live" | "retained";
  }[];
  /** Changes that an interrupted run left open. */
  readonly open: number;
  /** False where this ledger never had anything of the tenant; what it owned and let go counts. */
  readonly known: boolean;
};

/** A tenant whose file is wrong. */
export type BrokenTenant = {
  /** By the file's name where it does not say one. */
  readonly id: string;
  readonly wave: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
};

/** Tenants that a selection is about. */
export type ChosenTenants = {
  /** Those with a file that is right, sorted by id. */
  readonly tenants: readonly Tenant[];
  /** Those that are meant, or may be, and whose file is wrong, sorted by id. */
  readonly broken: readonly BrokenTenant[];
  /** Those of `others` that have no file and that the selection names without a wildcard, sorted. */
  readonly gone: readonly string[];
};

/** A live object, by a target's name and address. */
export type LivePlace = {
  readonly target: string;
  readonly endpoint: string;
  readonly kind: string;
  readonly id: string;
};

/** A live object's entry in the ledger. */
export type LiveOwner = {
  readonly tenant: string;
  readonly _id: string;
  readonly driver: Base["driver"];
};
