import type { Json, Path } from "../contract/index.ts";
import type { Location } from "../diagnostic.ts";
import type { FileChange, PlacedEdit, UnplacedReason } from "../manifest/index.ts";
import type { Selection } from "./types.ts";

/** Why a live edit stays where it is; the list is closed. */
export type PullReason =
  | UnplacedReason
  /** The files changed it as well, and nothing says who is right. */
  | "conflict"
  /** It refers to something that the tenant's files do not declare. */
  | "foreign-reference"
  /** The catalog or the kind does not allow the value. */
  | "invalid"
  /** An interrupted run left the resource open. */
  | "unsettled";

/** A place that gets a live value. */
export type PullPlace = {
  readonly into: PlacedEdit["into"];
  readonly location: Location;
  /** Why there, in words. */
  readonly why: string;
};

/** Why something is not written, and what it would be written to where that is known. */
export type PullLeft = { readonly reason: PullReason; readonly message: string; readonly location?: Location };

/** One live edit: what the files say (`from`) and what is live (`to`); a secret has neither. */
export type PullField = {
  /** In the resource's properties. */
  readonly path: Path;
  readonly from?: Json;
  readonly to?: Json;
  readonly places: readonly PullPlace[];
  readonly left: readonly PullLeft[];
};

/** Something of ours that was edited live. */
export type PullItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  /** None where the files say already what was edited, and only the ledger has to take note. */
  readonly fields: readonly PullField[];
  /** What the target never returns: it counts as not edited once the rest is written. */
  readonly unread: readonly Path[];
};

/** Something that is not for `pull` to take over. */
export type PullOther = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  /** Of something that the files ask for; else its name on the target. */
  readonly _id: string;
  readonly ids: readonly string[];
  /** Ours and gone · something of ours under another id · several such · besides ours · declared by nobody · not readable. */
  readonly what: "vanished" | "adoption" | "ambiguous" | "duplicate" | "undeclared" | "unreadable";
  readonly hint: string;
};

export type Pulled = {
  /** Sorted by tenant, kind and `_id`. */
  readonly items: readonly PullItem[];
  readonly others: readonly PullOther[];
  /** What is written, or would be; whole texts. */
  readonly files: readonly FileChange[];
};

export type PullReport = Pulled & {
  readonly type: "pull-report";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly dryRun: boolean;
  /** Whether the files, or the ledger alone, were written. */
  readonly written: boolean;
  /** Where the ledger took note of what was seen live. */
  readonly run?: string;
};

export type PullOptions = Omit<Selection, "only"> & {
  /** Globs of `kind/_id`; default everything. */
  readonly resources?: readonly string[];
  /** Values that a tenant may have of its own go to the tenant's file, whatever others use; default false. */
  readonly tenantOnly?: boolean;
  /** Write nothing; default false. */
  readonly dryRun?: boolean;
  /** Write what can be written where something cannot; default false. */
  readonly partial?: boolean;
  readonly acceptTarget?: boolean;
  /** Called with what was found before anything is written; what it throws ends the call. */
  readonly confirm?: (found: Pulled) => Promise<void>;
  readonly signal?: AbortSignal;
};
