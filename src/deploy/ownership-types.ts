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
