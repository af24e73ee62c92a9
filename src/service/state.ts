import type { Catalog } from "../catalog/index.ts";
import type { Properties } from "../contract/index.ts";
import type { Behaviour } from "./behaviour.ts";
import type { DataStore } from "./data/types.ts";
import type { Imports, Runs } from "./imports/types.ts";
import type { Health } from "./sources/health.ts";
import type { Collection } from "./store/open-store.ts";
import type { Uploads } from "./uploads/types.ts";

/** A connection as it is kept. */
export type ConnectionRecord = {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Everything that was given, secrets included. */
  readonly config: Properties;
};

export type DatasetRecord = { readonly name: string; readonly created_at: string };

/** An import job as it is kept. */
export type ImportJobRecord = {
  readonly id: string;
  readonly source_type: string;
  readonly created_at: string;
  /** What marks its records in the dataset; absent until it has run. */
  readonly owner?: string;
  /** Everything that was given. */
  readonly config: Properties;
};

/** What the handlers work on. */
export type State = {
  readonly catalog: Catalog;
  readonly connections: Collection<ConnectionRecord>;
  readonly datasets: Collection<DatasetRecord>;
  readonly importJobs: Collection<ImportJobRecord>;
  /** The records of datasets. */
  readonly data: DataStore;
  readonly runs: Runs;
  readonly imports: Imports;
  readonly uploads: Uploads;
  readonly health: Health;
  readonly behaviour: Behaviour;
  /** Milliseconds that reading one connection waits for its status. */
  readonly statusWait: number;
  /** Milliseconds that a query over datasets may take. */
  readonly queryTimeout: number;
  /** A timestamp later than all before. */
  timestamp(): string;
};
