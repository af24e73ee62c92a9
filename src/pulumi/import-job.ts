import type { CustomResourceOptions, Input, Output } from "@pulumi/pulumi";
import type { Json } from "../contract/index.ts";
import type { CommonArgs, LookupArgs, TargetArgs } from "./arguments.ts";
import { classOptions } from "./class-options.ts";
import { Connection } from "./connection.ts";
import { givenArguments, otherArguments } from "./given-arguments.ts";
import { knownText, oneOfAName } from "./one-of-a-name.ts";
import { ownPositions } from "./own-positions.ts";
import { pointer, resourceType } from "./pointer.ts";
import { checkProviderPath } from "./provider-path.ts";
import { pulumi } from "./sdk.ts";

/** A change of anything but the common arguments replaces the job: the API cannot change one. */
export type ImportJobArgs = CommonArgs & {
  /** The connection that it reads from, or that one's id. */
  readonly connection: Connection | Input<string>;
  /** Connector type of the connection. Default: the connection's, where `connection` is a `Connection`; else required. */
  readonly source?: Input<string> | undefined;
  /** Index or table that it reads. */
  readonly sourceDataset?: Input<string> | undefined;
  /** Name of the dataset that it fills. */
  readonly targetDataset: Input<string>;
  /** QueryDSL as an object (sent as JSON text), or SQL as text. */
  readonly query?: Input<Json> | undefined;
  /** Five-field cron; `none` for no schedule. Default: none. */
  readonly schedule?: Input<string> | undefined;
  /** Field of the source that holds the time of the last change. */
  readonly lastModified?: Input<string> | undefined;
  /** Field or fields that identify a record. */
  readonly primaryKey?: Input<string | readonly string[]> | undefined;
};

const ownArguments = (args: Partial<ImportJobArgs>) => {
  const { connection, source, sourceDataset, targetDataset, query, schedule, lastModified, primaryKey } = args;
  const isResource = connection instanceof Connection;
  return {
    connection: isResource ? connection.id : connection,
    source: source ?? (isResource ? connection.source : undefined),
    sourceDataset,
    targetDataset,
    query,
    schedule,
    lastModified,
    primaryKey,
    target: args.target,
    catalog: args.catalog,
    adopt: args.adopt,
    overwriteDrift: args.overwriteDrift,
  };
};

const numbers = new WeakMap<Connection, number>();
let count = 0;

/** A connection that is a resource has no id yet. */
const nameOf = (connection: Connection): string => {
  const number = numbers.get(connection) ?? ++count;
  numbers.set(connection, number);
  return `connection ${number}`;
};

/** What makes two jobs the same, where it is known. */
const keyOf = ({ connection, targetDataset }: ImportJobArgs): string | undefined => {
  const from = connection instanceof Connection ? nameOf(connection) : knownText(connection);
  const into = knownText(targetDataset);
  return from === undefined || into === undefined ? undefined : `${from} → ${into}`;
};

/** A job that copies records of a source into a dataset, once or on a schedule. */
export class ImportJob extends pulumi.CustomResource {
  /** Id of the connection that it reads from. */
  declare readonly connection: Output<string>;
  /** Connector type of the connection; undefined for a job that was looked up: the target does not tell it. */
  declare readonly source: Output<string | undefined>;
  declare readonly sourceDataset: Output<string | undefined>;
  /** Name of the dataset that it fills. */
  declare readonly targetDataset: Output<string>;
  declare readonly query: Output<Json | undefined>;
  declare readonly schedule: Output<string | undefined>;
  declare readonly lastModified: Output<string | undefined>;
  declare readonly primaryKey: Output<string | readonly string[] | undefined>;
  /** Status at the last write or refresh: `pending`, `running`, `completed` or `failed`. */
  declare readonly status: Output<string>;
  /** Why it failed or waits; undefined where it does not, or where the target does not tell. */
  declare readonly statusReason: Output<string | undefined>;
  /** Address of the API that it was last seen at. */
  declare readonly endpoint: Output<string>;
  /** What the target returned at the last write or refresh. */
  declare readonly live: Output<{ readonly [property: string]: Json }>;
  declare readonly target: Output<TargetArgs | undefined>;
  declare readonly catalog: Output<readonly string[] | undefined>;

  /** The job's id on the target, known in previews too: the same as `id`. */
  get jobId(): Output<string> {
    return this.id;
  }

  constructor(name: string, given: ImportJobArgs, opts: CustomResourceOptions = {}) {
    const args = givenArguments(name, given);
    const isLookup = opts.id !== undefined;
    checkProviderPath("import-job");
    if (!isLookup)
      oneOfAName("import-job", name, args.target, keyOf(args), `one connection into ${args.targetDataset}`);
    const own = ownArguments(args);
    const others = otherArguments(name, args, own, ImportJob.prototype, isLookup);
    ownPositions();
    super(
      resourceType("ImportJob"),
      name,
      {
        ...own,
        status: undefined,
        statusReason: undefined,
        endpoint: undefined,
        live: undefined,
        ...others,
        __provider: pointer("import-job"),
      },
      // One source and one dataset make one job, so the old one has to go first.
      classOptions(opts, [], true),
    );
  }

  /** Looks up an existing job by its id on the target, without managing it. */
  static get(name: string, id: Input<string>, args: LookupArgs = {}, opts: CustomResourceOptions = {}): ImportJob {
    return new ImportJob(name, args as ImportJobArgs, { ...opts, id });
  }
}
