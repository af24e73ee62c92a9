import type { CustomResourceOptions, Input, Output } from "@pulumi/pulumi";
import type { Catalog } from "../catalog/index.ts";
import { connectionType, secretFields, secretFieldsOfType } from "../catalog/index.ts";
import type { Json, Properties } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { CommonArgs, LookupArgs, TargetArgs } from "./arguments.ts";
import { catalogFiles, catalogOf } from "./catalog-files.ts";
import { classOptions } from "./class-options.ts";
import { givenArguments, otherArguments } from "./given-arguments.ts";
import { knownText, oneOfAName } from "./one-of-a-name.ts";
import { ownPositions } from "./own-positions.ts";
import { pointer, resourceType } from "./pointer.ts";
import { programFolder } from "./program-folder.ts";
import { checkProviderPath } from "./provider-path.ts";
import { pulumi } from "./sdk.ts";

/** Fields of the connection type, by the catalog's names; `name` is an argument of its own. */
export type ConnectionConfig = { readonly [field: string]: Input<Json> | undefined };

export type ConnectionArgs = CommonArgs & {
  /** Connector type of the catalog, such as `elasticsearch`. A change replaces the connection. */
  readonly source: Input<string>;
  /** Connection type of that connector type, such as `api_key`. A change replaces the connection. */
  readonly auth: Input<string>;
  /**
   * The connection's configuration. What the catalog calls secret becomes a Pulumi secret, also where it is given as
   * plain text.
   */
  readonly config: Input<ConnectionConfig>;
  /** Name of the connection on the target, unique there. Default: the resource's name in the program. */
  readonly name?: Input<string> | undefined;
};

const catalogIn = ({ catalog }: LookupArgs): Catalog | undefined => {
  try {
    return catalogOf(catalogFiles({ catalog } as Properties), programFolder(process.cwd()));
  } catch (error) {
    if (!(error instanceof DeployerError)) throw error;
    return undefined;
  }
};

/**
 * Names of the secret fields; of all that it may be where source and connection type are not known yet. Undefined where the
 * catalog's files are not in order, of which the provider says what is wrong.
 */
const secretNames = (args: Partial<ConnectionArgs>): readonly string[] | undefined => {
  const types = catalogIn(args);
  if (types === undefined) return undefined;
  const { source, auth } = args;
  const type = typeof source === "string" ? types.get(source) : undefined;
  if (type === undefined) return types.list().flatMap(secretFieldsOfType);
  const connection = typeof auth === "string" ? connectionType(types, type.id, auth) : undefined;
  return connection === undefined ? secretFieldsOfType(type) : secretFields(connection);
};

const isOutput = (value: unknown): boolean => pulumi.Output.isInstance(value) || value instanceof Promise;

type Config = Input<ConnectionConfig> | undefined;

const withSecrets = (resource: string, config: Config, secrets: readonly string[] | undefined): Config => {
  if (config === undefined || config === null) return config;
  if (!isOutput(config) && !isObject(config)) {
    // Pulumi's engine would print the value beside the provider's failure.
    throw new pulumi.RunError(`"${resource}": "config" must be an object with the fields of the connection type`);
  }
  if (secrets?.length === 0) return config;
  // What of it is secret is not known yet: all of it becomes secret.
  if (secrets === undefined || isOutput(config)) return pulumi.secret<unknown>(config) as Config;
  const members = Object.entries(config).map(([field, value]) =>
    secrets.includes(field) && value !== undefined ? [field, pulumi.secret<unknown>(value)] : [field, value],
  );
  return Object.fromEntries(members) as ConnectionConfig;
};

/** Secret fields that the program gives in clear. */
const plainSecrets = (config: Config, secrets: readonly string[] = []): readonly string[] =>
  isOutput(config) || !isObject(config)
    ? []
    : Object.entries(config).flatMap(([field, value]) =>
        secrets.includes(field) && value !== undefined && value !== null && !isOutput(value) ? [field] : [],
      );

/** A connection to an external system on an Infino-compatible target. */
export class Connection extends pulumi.CustomResource {
  declare readonly source: Output<string>;
  /** Undefined for a connection that was looked up: the target does not tell it. */
  declare readonly auth: Output<string | undefined>;
  /** Name of the connection on the target. */
  declare readonly name: Output<string>;
  /** The configuration as declared; after a refresh, with what somebody else changed. */
  declare readonly config: Output<{ readonly [field: string]: Json }>;
  /** Status at the last write or refresh: `connected`, `disconnected` or `error`. */
  declare readonly status: Output<string>;
  /** Why it is not connected; undefined where it is, or where the target does not tell. */
  declare readonly statusReason: Output<string | undefined>;
  /** Address of the API that it was last seen at. */
  declare readonly endpoint: Output<string>;
  /** What the target returned at the last write or refresh, its own defaults included. Never holds a catalog's secret. */
  declare readonly live: Output<{ readonly [property: string]: Json }>;
  declare readonly target: Output<TargetArgs | undefined>;
  declare readonly catalog: Output<readonly string[] | undefined>;

  /** The connection's id on the target, known in previews too: the same as `id`. */
  get connectionId(): Output<string> {
    return this.id;
  }

  constructor(name: string, given: ConnectionArgs, opts: CustomResourceOptions = {}) {
    const args = givenArguments(name, given);
    const secrets = secretNames(args);
    const isLookup = opts.id !== undefined;
    checkProviderPath("connection");
    if (!isLookup) oneOfAName("connection", name, args.target, knownText(args.name ?? name));
    const own = {
      source: args.source,
      auth: args.auth,
      name: isLookup ? undefined : (args.name ?? name),
      config: withSecrets(name, args.config, secrets),
      target: args.target,
      catalog: args.catalog,
      adopt: args.adopt,
      overwriteDrift: args.overwriteDrift,
    };
    const others = otherArguments(name, args, own, Connection.prototype, isLookup);
    ownPositions();
    super(
      resourceType("Connection"),
      name,
      {
        ...own,
        status: undefined,
        statusReason: undefined,
        endpoint: undefined,
        live: undefined,
        ...others,
        __provider: pointer("connection"),
      },
      // The engine marks what the arguments have as secret, key by key: the rest of `config` is what a refresh has to show.
      // A look-up has no such arguments. Two connections never have one name, so the old one has to go first.
      classOptions(opts, isLookup ? ["config"] : [], true),
    );
    for (const field of plainSecrets(args.config, secrets)) {
      const text = `"config.${field}" is a secret and is given in clear: it is made a secret, but the program has it in its text`;
      pulumi.log.warn(`${text}; give it as config.requireSecret(…), or as pulumi.secret(…)`, this);
    }
  }

  /** Looks up an existing connection by its id on the target, without managing it. */
  static get(name: string, id: Input<string>, args: LookupArgs = {}, opts: CustomResourceOptions = {}): Connection {
    return new Connection(name, args as ConnectionArgs, { ...opts, id });
  }
}
