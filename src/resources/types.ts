import type { Catalog } from "../catalog/index.ts";
import type { Component, Json, Live, Path, Properties, Resource, Shape, Traits } from "../contract/index.ts";

/** Live ids by `_id` and back, filled in dependency order. */
export type Ids = {
  /** The live id of one of our resources. */
  live(kind: string, _id: string): string | undefined;
  /** The `_id` of ours that a live id belongs to. */
  declared(kind: string, id: string): string | undefined;
};

export type Reference = {
  readonly path: Path;
  readonly kind: string;
  readonly _id: string;
  /** Only an order where both are declared; absent is fine. */
  readonly optional?: boolean;
};

/** Something wrong with a component, at a path of its properties. */
export type Problem = {
  readonly code:
    | "missing-field"
    | "unknown-field"
    | "wrong-type"
    | "invalid-value"
    | "unknown-kind"
    | "unknown-connector-type"
    | "unknown-connection-type"
    | "invalid-schedule"
    | "invalid-dataset-name"
    | "plain-secret"
    | "dangling-reference"
    | "reference-cycle"
    | "dataset-name-convention"
    | "duplicate-id"
    | "duplicate-natural-key"
    | "file-not-found"
    | "path-outside-project";
  /** Default: error. */
  readonly severity?: "warning";
  readonly _id: string;
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
};

/** What a kind may ask about the other components of the same tenant while it takes over its own. */
export type Assembly = {
  readonly catalog: Catalog;
  /** The component with this `_id`, whatever its kind. */
  component(_id: string): Component | undefined;
};

/** A live object as the files would declare it. */
export type Declaration = {
  /** The `_id` that it would have, if that is free and well-formed. */
  readonly _id: string;
  /** The path whose value is the `_id` unless given. */
  readonly name?: Path;
  /** What a template says, without secrets. What it refers to and nobody declared stands by its live id. */
  readonly properties: Properties;
  /** Where `$SECRET()` belongs. */
  readonly secrets: readonly Path[];
  /** What the target does not tell, a sentence each. */
  readonly notes: readonly string[];
};

/**
 * What the health of a live object comes to. `doubtful`: badly, but maybe for the first moments only; `idle`: nothing has
 * happened yet, and nothing is wrong with that.
 */
export type Judgement = {
  readonly state: "well" | "badly" | "doubtful" | "waiting" | "idle";
  /** What explains it, or what to do. */
  readonly note?: string;
};

/**
 * One kind of thing that can be deployed. `Api` is the target's client, opaque to the engine. All functions are free of
 * state; those that talk to the target end when `signal` aborts and throw `DeployerError`.
 */
export type ResourceKind<Api> = {
  readonly name: string;
  /** True: deleting it loses data; deletion needs `on_delete: delete` and `--delete-data`. */
  readonly holdsData: boolean;
  /** Component → properties: normalises and fills what follows from other components. */
  properties(component: Component, assembly: Assembly): Properties;
  /** How a component says a value of its resource, undefined for none. None: as it is, at the same path. */
  written?(component: Component, path: Path, value: Json | undefined): Json | undefined;
  shape(properties: Properties, catalog: Catalog): Shape;
  /** What a schema cannot say, or says badly. */
  check?(_id: string, properties: Properties, catalog: Catalog): readonly Problem[];
  references(properties: Properties): readonly Reference[];
  /** The natural key: what makes two of them the same thing on the target. */
  key(properties: Properties): string;
  list(api: Api, catalog: Catalog, ids: Ids, signal: AbortSignal): Promise<readonly Live[]>;
  /** None: reads share one list per batch. */
  read?(api: Api, catalog: Catalog, id: string, ids: Ids, signal: AbortSignal): Promise<Live | undefined>;
  /** `properties` hold no sealed value any more; `settings` are the deployer's own, at the shape's local paths. Gives the live id. */
  create(api: Api, properties: Properties, ids: Ids, signal: AbortSignal, settings: Properties): Promise<string>;
  /** `changed` holds only what changed; a null unsets. None: a difference means replace. */
  update?(
    api: Api,
    id: string,
    changed: Properties,
    ids: Ids,
    signal: AbortSignal,
    settings: Properties,
  ): Promise<void>;
  /** Its update is the target's PATCH, which the trait `patch` is about. */
  readonly isPatched?: true;
  /** Already gone is success. */
  delete(api: Api, id: string, signal: AbortSignal): Promise<void>;
  /** False where writing it once more would add to what is there: an interrupted write is left to a person. Default true. */
  isRepeatable?(properties: Properties): boolean;
  /**
   * True: one write takes several requests, so that an interrupted or failed one may leave a part of it, which reading
   * cannot tell from the whole. That part is ours, its write-only fields are unknown, and it is written again in full.
   * An error after the first of these requests has `details.outcome: "partial"`.
   */
  readonly isWrittenInParts?: true;
  /** A property that names a file of the project, and the one that takes the digest of its content. */
  readonly localFile?: { readonly path: Path; readonly digest: Path };
  /** How the files would declare a live object that nobody did, or why they cannot. None: such objects are not exported. */
  declare?(live: Live, catalog: Catalog): Declaration | { readonly problem: string };
  /** Whether a live object does what it is for, or may still come to it. None: there is nothing to wait for. */
  judge?(live: Live): Judgement;
  /** Another kind whose listing shows these objects too, which saves a request: what one of those says of this kind. */
  readonly shownBy?: { readonly kind: string; pick(live: Live): Live | undefined };
};

export { defaultTraits, type Traits, traits } from "../contract/index.ts";

/** Where resources are deployed to. */
export type Target<Api> = {
  readonly name: string;
  /** Shown in plans; holds no credentials. */
  readonly endpoint: string;
  /** Tells two targets of the same name apart: the endpoint's digest. */
  readonly identity: string;
  /** Digest of the access key: another one may be another account. Absent where there is none. */
  readonly account?: string;
  readonly traits: Traits;
  readonly catalog: Catalog;
  readonly api: Api;
  /** In dependency order: a kind comes after those it refers to. */
  readonly kinds: readonly ResourceKind<Api>[];
  /** Milliseconds that one request may take; an unknown outcome is settled after that and `settle`. */
  readonly requestTimeout: number;
  /** Milliseconds that the target may take until a write shows in lists. */
  readonly settle: number;
  /** Milliseconds until a write that does not show is `failed`. */
  readonly verify: number;
  /** HTTP requests sent so far. */
  requests(): number;
};

/** Desired state of one tenant with what is wrong about it. */
export type Assembled = {
  readonly resources: readonly Resource[];
  /** Pipes and systems of a Sesam node: checked, and deployed to no target here. */
  readonly rendered: readonly Component[];
  readonly problems: readonly Problem[];
};
