import type { Plan, Properties } from "../contract/index.ts";
import type { ReportEvent } from "../engine/index.ts";
import type { ProjectFiles } from "../manifest/index.ts";
import type {
  DoctorOptions,
  DoctorReport,
  HistoryReport,
  KnownNames,
  LeaseItem,
  LedgerReport,
  NameKind,
  NamesOptions,
  OutputsReport,
  RekeyOptions,
  RekeyReport,
  RunReport,
} from "./care-types.ts";
import type { HandOverOptions, HandOverReport, TakeBackOptions, TakeBackReport } from "./hand-over-types.ts";
import type { ImportRunReport, RunImportOptions } from "./import-run-types.ts";
import type {
  AdoptOptions,
  AdoptReport,
  ExportOptions,
  ExportReport,
  ForgetOptions,
  ForgetReport,
  MoveOptions,
  MoveReport,
} from "./ownership-types.ts";
import type { PullOptions, PullReport } from "./pull-types.ts";
import type { MetadataReport, QueryOptions, QueryPartsOptions, QueryReport } from "./query-types.ts";
import type {
  ApplyReport,
  DriftReport,
  EntitiesOptions,
  EntityReport,
  ExpandReport,
  Explanation,
  SideOptions,
  SourceItem,
  StatusOptions,
  StatusReport,
  TenantItem,
  Validation,
} from "./report-types.ts";
import type { ChosenTenants, DesiredDigest, DesiredTenant, LiveOwner, LivePlace, OwnedReport } from "./tenant-types.ts";
import type { UploadOptions, UploadReport } from "./upload-types.ts";

export type * from "./import-run-types.ts";
export type * from "./pull-types.ts";
export type * from "./query-types.ts";
export type * from "./report-types.ts";
export type * from "./tenant-types.ts";
export type * from "./upload-types.ts";

export type OpenOptions = {
  /** Name of a file under `environments/`; default `default`, which needs no file. */
  readonly environment?: string;
  /** Environment variables; default `process.env`. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** Values over all others (`--set`). */
  readonly set?: Properties;
  /** Replaces the global fetch, for all targets. */
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly report?: (event: ReportEvent) => void;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: () => number;
};

/** Which tenants and resources a call is about; everything by default. */
export type Selection = {
  /** Globs of tenant ids; `!x` excludes. */
  readonly tenants?: readonly string[];
  readonly labels?: { readonly [label: string]: string };
  readonly wave?: string;
  /** Globs of `kind/_id`; what depends on them comes along. */
  readonly only?: readonly string[];
};

export type ValidateOptions = Selection & {
  /** Warnings are errors; default false. */
  readonly strict?: boolean;
};

export type PlanOptions = Selection & {
  /** Delete what is owned and no longer desired; default false: it is listed as prunable. */
  readonly prune?: boolean;
  /** Let `on_delete: delete` delete data; default false. */
  readonly deleteData?: boolean;
  /** Most deletes of a run, as a number or a share of what is owned in the selection; default `10%`, at least 1. */
  readonly maxDeletes?: number | `${number}%`;
  /** Globs of `kind/_id` that may be taken over when they already exist; default none. */
  readonly adopt?: readonly string[];
  /** Globs of `kind/_id` whose secrets are written though nothing says that they differ; default none. */
  readonly writeSecrets?: readonly string[];
  /** Make anew what cannot be updated and has fields that cannot be compared, such as an adopted job's query; default false. */
  readonly rewriteUnknown?: boolean;
  /** The endpoint or the account is another one and holds the same objects; default false. */
  readonly acceptTarget?: boolean;
  readonly recreateMissing?: boolean;
  readonly signal?: AbortSignal;
};

export type WaitOptions = {
  /** Milliseconds; 0 looks once. Default 60,000. */
  readonly timeout?: number;
};

export type ApplyOptions = {
  /** Globs of tenant ids, `!x` excludes: only this part of the plan; default all of it. */
  readonly tenants?: readonly string[];
  /** Only this wave of the plan; default all of it. */
  readonly wave?: string;
  /** Write secrets that had no value when the plan was made; default false: such a plan is refused. */
  readonly acceptUnresolved?: boolean;
  /** Changes in flight at once; default 10. */
  readonly parallelism?: number;
  /** `stop` starts nothing new after the first failure; default `continue`. */
  readonly onError?: "continue" | "stop";
  /**
   * Waits after each wave until the connections and import jobs that it made or changed are healthy; where one is not,
   * later waves are skipped. `timeout` is that of one wave. Default: does not wait.
   */
  readonly wait?: WaitOptions;
  /** Stop starting new changes; running ones end and are journaled. */
  readonly signal?: AbortSignal;
  /** Abandon running requests too. */
  readonly abort?: AbortSignal;
  /** Written to the run's history; default `apply`. */
  readonly command?: string;
};

/** An opened project folder. Reads files when asked, keeps an index of what it read; dispose it to close the ledger. */
export type Project = AsyncDisposable & {
  readonly files: ProjectFiles;
  /** Selected tenants, sorted by id. */
  tenants(selection?: Selection): Promise<readonly TenantItem[]>;
  /**
   * The same by tenants' files alone: nothing is expanded, no ledger opened, nothing sent. `others` are ids that may have
   * no file any more. Throws `invalid-files` for what is wrong with all of them, and `usage` where nobody answers to a glob, a label or a wave.
   */
  chooseTenants(selection?: Selection, others?: readonly string[]): Promise<ChosenTenants>;
  /** Components of the selected tenants in file order. Offline. Throws `invalid-files`. */
  expand(selection?: Selection): Promise<ExpandReport>;
  /** What one tenant's files ask for, as resources. Offline. Throws `invalid-files`, `usage` for an unknown tenant. */
  desired(tenant: string): Promise<DesiredTenant>;
  /**
   * All diagnostics of the selected tenants, and what a reviewer would want to be told of the connectors. Offline; needs no
   * credentials.
   */
  validate(options?: ValidateOptions): Promise<Validation>;
  /** Where the value at `path` (JSON Pointer or dotted) of a component came from. Offline. */
  explain(component: string, path: string, selection?: Selection): Promise<Explanation>;
  /** Compares with what is live; writes nothing to the target. Throws `invalid-files`, `unauthorized`, `unreachable`, … */
  plan(options?: PlanOptions): Promise<Plan>;
  /**
   * Plans for desired entities in the form of the connector contract, one JSON object a line, in place of what the files
   * ask for. What no entity names is left alone. Throws `invalid-files`.
   */
  planEntities(text: string, options?: EntitiesOptions): Promise<Plan>;
  /** One side of the connector contract; `transform` is offline. */
  entities(side: EntityReport["side"], options?: SideOptions): Promise<EntityReport>;
  /** A plan that deletes everything that one tenant owns; data only with `deleteData`. */
  planDestroy(tenant: string, options?: Pick<PlanOptions, "deleteData" | "acceptTarget" | "signal">): Promise<Plan>;
  /** Applies exactly this plan or refuses. Failures of single changes are results, not errors. */
  apply(plan: Plan, options?: ApplyOptions): Promise<ApplyReport>;
  /** Plan and apply for one tenant: what a provisioning service calls. */
  deployTenant(tenant: string, options?: PlanOptions & Omit<ApplyOptions, "tenants" | "wave">): Promise<ApplyReport>;
  /** Live against what we last wrote. */
  drift(selection?: Selection & { readonly signal?: AbortSignal }): Promise<DriftReport>;
  status(options?: StatusOptions): Promise<StatusReport>;
  /**
   * Writes files for live objects that nobody declared: a connector, its lines in the project's and the tenant's file, and
   * `$SECRET()` placeholders. Overwrites nothing, keeps every byte of files that it adds to. Writes nothing to the target.
   * Throws `usage` where a name is taken or a file cannot be added to, `invalid-files`, `unauthorized`, `unreachable`, …
   */
  export(options: ExportOptions): Promise<ExportReport>;
  /**
   * Writes live edits of what is ours back into the tenants' files, the project, manifests and templates that the values
   * came from. Where one has no place, nothing is written unless `partial`. Sends nothing; the ledger notes when the
   * objects were last written. What this project has read stays as it was: open it again. Throws `usage` for a glob that
   * nothing answers to and for files that changed meanwhile, `blocked` for another endpoint than the ledger's,
   * `lease-held`, `stale-plan`, `invalid-files` (also of tenants that are not selected), …
   */
  pull(options?: PullOptions): Promise<PullReport>;
  /**
   * Takes over live objects for what the files ask for; writes nothing to the target. What cannot be taken over is `left`
   * with its reason. Throws `usage` for a glob that nothing answers to, `missing-secret` (with `trustSecrets`), `blocked`
   * for another endpoint than the ledger's, `invalid-files`, …
   */
  adopt(options: AdoptOptions): Promise<AdoptReport>;
  /**
   * Hands resources that the ledger owns, and that are as the files say, over to Pulumi: what `write` makes of them is
   * made first, then nothing of their tenants is applied here any more. Writes nothing to the target. What cannot be
   * handed over is `left` with its reason. Throws `usage` for a glob that nothing answers to, `blocked`, `lease-held`,
   * `stale-plan`, `invalid-files`, …
   */
  handOver(options: HandOverOptions): Promise<HandOverReport>;
  /**
   * Fills the ledger from a Pulumi state: what was handed over is taken back, what the ledger does not have is taken over.
   * Writes nothing to the target. What cannot be matched is `left` with its reason. Throws as `handOver` does.
   */
  takeBack(options: TakeBackOptions): Promise<TakeBackReport>;
  /**
   * Lets entries of the ledger go; the live objects stay and are nobody's from then on. Sends nothing. Throws `usage` for
   * a glob that nothing answers to, `blocked` where an earlier run left something open, `lease-held`.
   */
  forget(options: ForgetOptions): Promise<ForgetReport>;
  /**
   * Gives an entry another `_id`, with the fingerprints of its secrets and the entries that refer to it. Sends nothing.
   * Throws `usage` where `from` is not there or `to` is, `blocked` where an earlier run left one of them open, `lease-held`.
   */
  move(options: MoveOptions): Promise<MoveReport>;
  /** The last runs, newest first; default 20. Sends nothing. */
  history(last?: number): Promise<HistoryReport>;
  /** One run with its operations; the start of its id is enough. Throws `usage` where that names none or several. */
  run(id: string): Promise<RunReport>;
  /**
   * A digest that changes with what one tenant's files, settings and secrets ask for, and with nothing else; `set` are
   * values over all others, by default those that the project was opened with. A secret without a value counts as such.
   * Sends nothing and runs on one tenant's file; whether tenants clash is for `validate` and `plan` to say. Throws
   * `invalid-files`, `usage` for a tenant without a file, `ledger-key`, `missing-secret` where `ledger_key` has no value.
   */
  desiredDigest(tenant: string, set?: Properties): Promise<DesiredDigest>;
  /** What one tenant owns, as the ledger has it; nothing where it does not know the tenant. Sends nothing. */
  owned(tenant: string): Promise<OwnedReport>;
  /**
   * Whose a live object is by the ledger, through whatever target at that address, and who drives it. Makes no ledger where there is none, needs no key, and sends
   * nothing. Throws where the ledger cannot be opened.
   */
  ownerOf(place: LivePlace): Promise<LiveOwner | undefined>;
  /**
   * Words that a target may have had a part in, without the values of the tenant's secrets, however they are spelled there:
   * those that its files name and those that its entries in the ledger name, as far as they can be had here, and those in
   * `also`.
   */
  withoutSecrets(tenant: string, texts: readonly string[], also?: readonly string[]): Promise<readonly string[]>;
  /** Live ids by tenant and `_id`, from the ledger. Sends nothing. */
  outputs(selection?: Selection): Promise<OutputsReport>;
  /** Leases that somebody holds or left behind. */
  leases(): Promise<readonly LeaseItem[]>;
  /** Takes a lease away: its holder is fenced from then on. False where it is not the same lease any more. */
  unlock(tenant: string, epoch: number): Promise<boolean>;
  /** Where the ledger is and what it holds. */
  ledger(): Promise<LedgerReport>;
  /** Changes the key of the fingerprints. Sends nothing. Throws `lease-held`, `blocked`, `ledger-key`, `usage`. */
  rekey(options?: RekeyOptions): Promise<RekeyReport>;
  /** Checks files, ledger and targets. Only reads, unless `probe` is set. What is wrong is a check, not an error. */
  doctor(options?: DoctorOptions): Promise<DoctorReport>;
  /**
   * Names that somebody may want to type, quickly, from files and a ledger that is a file. Makes no file, runs no command,
   * sends nothing; what is wrong in the files is left out.
   */
  names(what: readonly NameKind[], options?: NamesOptions): Promise<KnownNames>;
  /**
   * Asks a connected source, in place and in its own language: QueryDSL as JSON text, or SQL. `connection` is an `_id` that
   * was deployed, or a live id; `dataset` an index or table. A query that fails is not repeated. Throws `usage`, `target-problem`, …
   */
  querySource(connection: string, dataset: string, query: string, options?: QueryOptions): Promise<QueryReport>;
  /** Asks the target's datasets, by their names, in SQL. It may write, where the target lets it; only a single SELECT is repeated. */
  queryDatasets(sql: string, options?: QueryOptions): Promise<QueryReport>;
  /**
   * All rows of a SELECT over the target's datasets, a part of them at a time, in the order of one column; targets limit what
   * one answer holds. Each part is a request of its own, so rows that are written meanwhile may be in it or not. Throws
   * `usage` where two rows have the same value there, or where it is null, `target-problem`, …
   */
  queryDatasetsInParts(sql: string, options: QueryPartsOptions): AsyncIterable<QueryReport>;
  /** Asks one dataset, by its `_id` or its name, in QueryDSL as JSON text. */
  queryDataset(dataset: string, query: string, options?: QueryOptions): Promise<QueryReport>;
  /** What a connected source says of an index or table. */
  sourceMetadata(connection: string, dataset: string, options?: QueryOptions): Promise<MetadataReport>;
  /** What a target says of a dataset, by its `_id` or its name. Throws `usage` where there is none. */
  datasetMetadata(dataset: string, options?: QueryOptions): Promise<MetadataReport>;
  /**
   * Sends a file of this machine into a dataset, by its `_id` or its name, once, and waits until the target has taken it.
   * Nothing of it is kept in the ledger. Throws `usage` where there is no such file, `target-problem`, …
   */
  uploadFile(dataset: string, path: string, options?: UploadOptions): Promise<UploadReport>;
  /**
   * Runs an import job now, by its `_id` or live id; with `wait` until it has ended. Nothing of it is kept in the ledger.
   * Throws `usage` where there is no such job, `not-supported` where the target runs none when asked.
   */
  runImport(job: string, options?: RunImportOptions): Promise<ImportRunReport>;
  /** Connector types that a target offers, with what the catalog knows of them. */
  sources(target?: string, signal?: AbortSignal): Promise<readonly SourceItem[]>;
};
