import type { Field, Path } from "../contract/index.ts";
import type { Result } from "../engine/index.ts";
import type { ApplyOptions, Selection } from "./types.ts";

export type ExportOptions = {
  /** Globs of `kind/name`: the names that live objects have; default all. What they refer to comes along. */
  readonly only?: readonly string[];
  /** Id of the tenant that they will belong to; it may be a new one. */
  readonly tenant: string;
  /** Id of the new connector; default `exported`, or `exported-2`, … where that is taken. */
  readonly connector?: string;
  /** Default: the tenant's own, `default` for a new one. */
  readonly target?: string;
  /** Say what would be written and write nothing; default false. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
};

/** A live object that nobody declared and that was not written into a file. */
export type ExportLeft = {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly reason: string;
};

export type ExportReport = {
  readonly type: "export";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly tenant: string;
  readonly target: string;
  readonly connector: string;
  readonly dryRun: boolean;
  readonly items: readonly {
    readonly kind: string;
    readonly _id: string;
    readonly id: string;
    readonly name: string;
    /** What the target does not tell. */
    readonly notes: readonly string[];
  }[];
  readonly left: readonly ExportLeft[];
  /** Placeholders to fill: nothing can be planned to the end without them. */
  readonly secrets: readonly {
    readonly name: string;
    readonly env: string;
    readonly resource: string;
    readonly path: string;
  }[];
  /** Relative to the project folder. `text` is the whole of a new file, or what an old one gets. */
  readonly files: readonly { readonly path: string; readonly action: "create" | "edit"; readonly text: string }[];
};

/** Something that is taken over, or would be. */
export type AdoptItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  /** The live id. */
  readonly id: string;
  /** What differs between live (`from`) and the files (`to`); *unknown* is what the target never returns. */
  readonly fields: readonly Field[];
};

/** Something that was meant and cannot be taken over. */
export type AdoptLeft = Omit<AdoptItem, "id" | "fields"> & {
  /** Live objects that it is about. */
  readonly ids: readonly string[];
  readonly reason: string;
  readonly hint: string;
};

export type Adoption = {
  readonly items: readonly AdoptItem[];
  readonly left: readonly AdoptLeft[];
  /** The secrets in the files count as what is live. */
  readonly trusted: boolean;
};

export type AdoptOptions = Selection & {
  /** Globs of `kind/_id`. Whatever they match and is live, by its natural key, and nobody's is taken over. */
  readonly resources?: readonly string[];
  /** `name`: everything whose natural key is live, without naming it. */
  readonly match?: "name";
  /** What the target never returns counts as what the files say, so nothing of it is written; default false: written once. */
  readonly trustSecrets?: boolean;
  readonly acceptTarget?: boolean;
  /** Called with what was found before anything is recorded; what it throws ends the call. */
  readonly confirm?: (adoption: Adoption) => Promise<void>;
} & Pick<ApplyOptions, "signal" | "abort">;

export type AdoptReport = Adoption & {
  readonly type: "adopt";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  /** Absent where nothing was to be taken over. */
  readonly run?: string;
  readonly results: readonly Result[];
  readonly interrupted: boolean;
};

/** An entry that is let go. */
export type ForgetItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  readonly state: "live" | "retained";
  /** The files still ask for it: the next plan says that it has to be adopted. Absent where the files cannot be read. */
  readonly declared?: boolean;
};

export type ForgetOptions = {
  /** Globs of `kind/_id`. */
  readonly resources: readonly string[];
  /** Globs of tenant ids, `!x` excludes; default all that own something. */
  readonly tenants?: readonly string[];
  /** Called before anything is recorded; what it throws ends the call. */
  readonly confirm?: (items: readonly ForgetItem[]) => Promise<void>;
};

export type ForgetReport = {
  readonly type: "forget";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly run: string;
  readonly items: readonly ForgetItem[];
};

export type MoveOptions = {
  /** `kind/_id` as the ledger has it. */
  readonly from: string;
  /** `kind/_id` of the same kind, which the ledger does not have yet. */
  readonly to: string;
  /** Needed where tenants on several targets have `from`. */
  readonly tenant?: string;
};

export type MoveReport = {
  readonly type: "move";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly run: string;
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly id: string;
  /** Paths of secrets whose value is not here: they will be written once under the new name. */
  readonly unresolved: readonly Path[];
  /** What the files ask for now. Absent where they cannot be read. */
  readonly declared?: { readonly from: boolean; readonly to: boolean };
};
