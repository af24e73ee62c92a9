import type { Catalog } from "../catalog/index.ts";
import type { Component, Json, Path, Properties } from "../contract/index.ts";
import type { Diagnostic, Location } from "../diagnostic.ts";
import type { Instance, Placement, PlaceOptions } from "./placing/types.ts";
import type { SesamExpansion } from "./sesam/types.ts";

export type { FileChange, PlacedEdit, UnplacedEdit, UnplacedReason } from "./placing/types.ts";

/** Where a secret's value comes from. `command` is an argv list run without a shell; only the project file may have one. */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] };

/** A target as the files describe it; texts may hold `$ENV()` and `$SECRET()`, unresolved. */
export type TargetFile = {
  readonly type: "infino";
  readonly endpoint: string;
  readonly access_key: string;
  readonly secret_key: string;
  /** Default: the endpoint. */
  readonly service_url?: string;
  /** Milliseconds. */
  readonly request_timeout: number;
  readonly settle: number;
  readonly verify: number;
  readonly traits: { readonly [trait: string]: string };
};

export type IgnoreRule = { readonly kind: string; readonly path: string };
export type MoveRule = { readonly from: string; readonly to: string };
export type DriftPolicy = "revert" | "keep" | "fail";

/** A tenant file that exists; what it says may not have been read yet. */
export type TenantFile = {
  /** Relative to the project folder. */
  readonly file: string;
  /** Changes when the file changes: size, mtime, ctime and inode, or the content's digest. */
  readonly signature: string;
  /** Milliseconds since the epoch; what changed this very moment may change again without a new signature. */
  readonly changedAt: number;
};

/** What a tenant file says, checked. */
export type Tenant = {
  readonly id: string;
  readonly file: string;
  readonly state: "present" | "absent";
  readonly labels: { readonly [label: string]: string };
  readonly target: string;
  /** Name of the wave: the label's, or the last one; undefined where the project has no waves. */
  readonly wave: string | undefined;
  /** Sources of the tenant's own secrets; they hide the project's of the same name. */
  readonly secrets: { readonly [name: string]: SecretSource };
  readonly on_drift?: DriftPolicy;
};

/** Where a value came from. */
export type Origin = {
  /** Where the template has it. */
  readonly template: Location;
  /** One for each variable or reference in it, in order. */
  readonly sources: readonly {
    /** `<<@ name @>>`, `$ENV(name)` or `$SECRET(name)`, as the template writes it. */
    readonly variable: string;
    /** Such as `tenant parameter_values`, `multi-tenant auth.api_base_url`, `default in additional_parameters`. */
    readonly from: string;
    readonly location?: Location;
    /** Absent for secrets. */
    readonly value?: Json;
  }[];
};

/** One tenant, expanded. */
export type Expansion = {
  readonly tenant: Tenant;
  readonly components: readonly Component[];
  readonly diagnostics: readonly Diagnostic[];
  /** Digest of the canonical expansion: what a plan's `inputs` holds. Secrets count by their text. */
  readonly digest: string;
  /** Place of a value, or of its key, in its template; computed when asked. Default: the value's. */
  locate(component: Component, path: Path, part?: "key" | "value"): Location | undefined;
  /** Where a value came from; computed when asked. */
  origin(component: Component, path: Path): Origin | undefined;
  /** In step with `components`, nothing edited; made when asked. */
  instances(): readonly Instance[];
};

/** Where edits belong, with the components that their names stand for. */
export type PlacedInProject = Placement & { readonly components: ReadonlyMap<string, Component> };

export type ExpandOptions = {
  /** `--set`: values over everything else. */
  readonly set?: Properties;
  /** Catalog-secret paths of a component's properties; `$ENV()` there is sealed, not put in. */
  readonly secretPaths?: (type: string, properties: Properties) => readonly Path[];
};

/** A project folder, read; tenants are read when asked for. */
export type ProjectFiles = {
  /** Absolute. */
  readonly dir: string;
  readonly environment: string;
  readonly vendor: string;
  readonly targets: { readonly [name: string]: TargetFile };
  readonly connectors: readonly string[];
  readonly secrets: { readonly [name: string]: SecretSource };
  readonly waves: readonly string[];
  /** Path relative to the project folder, or a URL; texts may hold references, unresolved. */
  readonly ledger: string;
  readonly ledger_key: string | undefined;
  readonly ledger_durability: "normal" | "full";
  readonly on_drift: { readonly default: DriftPolicy; readonly kinds: { readonly [kind: string]: DriftPolicy } };
  readonly protected: readonly string[];
  readonly moved: readonly MoveRule[];
  readonly ignore: readonly IgnoreRule[];
  /** The built-in connector types and the project's own. */
  readonly catalog: Catalog;
  /** Files of the project's own connector types, relative to the project folder. */
  readonly catalogFiles: readonly string[];
  /** Of everything but the tenants: files, parameters, `set` excluded. Digest. */
  readonly shared: string;
  /** Errors here mean that no tenant can be expanded. */
  readonly diagnostics: readonly Diagnostic[];
  /** What a reviewer would want to be told of the connectors: only warnings. Made once, when asked. */
  review(): readonly Diagnostic[];
  /** Sorted by file. Looks at the folder anew each time; reads no content. */
  tenantFiles(): Promise<readonly TenantFile[]>;
  /** Reads and checks one tenant file. */
  readTenant(
    file: string,
  ): Promise<{ readonly tenant: Tenant | undefined; readonly diagnostics: readonly Diagnostic[] }>;
  /** Expands a tenant that `readTenant` gave. Pure but for the tenant file's content, which `readTenant` kept. */
  expandTenant(tenant: Tenant, options?: ExpandOptions): Expansion;
  /**
   * What a tenant's connectors expand to in Sesam's form, with the tenant's values. Only for a project that was read in
   * Sesam's dialect.
   */
  expandInSesamForm(
    tenant: Tenant,
    options: { readonly profile: string; readonly set?: Properties },
  ): Promise<readonly { readonly connector: string; readonly expansion: SesamExpansion }[]>;
  /**
   * Finds the places in the files for what components became. `expansions` are those of all tenants, because a value may
   * have uses anywhere; `edited` holds whole components, with `_id` and `type`; `options` are those of the expansions.
   * Writes nothing.
   */
  placeEdits(
    expansions: readonly Expansion[],
    edited: ReadonlyMap<Component, Json>,
    tenantFiles: PlaceOptions["tenantFiles"],
    options?: ExpandOptions,
  ): Promise<PlacedInProject>;
};
