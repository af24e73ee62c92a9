import type { CustomResourceOptions, Input, Output } from "@pulumi/pulumi";
import type { Json } from "../contract/index.ts";
import { givenArguments } from "./given-arguments.ts";
import { oneOfAName } from "./one-of-a-name.ts";
import { ownPositions } from "./own-positions.ts";
import { pointer, resourceType } from "./pointer.ts";
import { programFolder, statePath } from "./program-folder.ts";
import { checkProviderPath } from "./provider-path.ts";
import { pulumi } from "./sdk.ts";

export type TenantDeploymentArgs = {
  /** The project's folder, with its `connector-deployer.yaml`, relative to `Pulumi.yaml`. */
  readonly project: string;
  /** Id of a tenant of the project; a change replaces the deployment. Default: the resource's name in the program. */
  readonly tenant?: string | undefined;
  /** A file under the project's `environments/`; a change replaces the deployment. Default: `default`. */
  readonly environment?: string | undefined;
  /**
   * Values of variables, over all that the files say. Outputs of other resources, also secret ones: they are never shown,
   * but end where the templates put them. A secret of a connection belongs under `secrets:` of the project. Default: none.
   */
  readonly set?: Input<{ readonly [variable: string]: Input<Json> }> | undefined;
  /** Delete what the tenant owns and the files no longer have. Default false: the preview names it. */
  readonly prune?: Input<boolean> | undefined;
  /**
   * Most deletes of one `up`, as a number or a share of what the tenant owns, such as `"10%"`. More are refused, and
   * nothing is written. Does not count for `destroy`. Default: `"10%"`, at least 1.
   */
  readonly maxDeletes?: Input<number | `${number}%`> | undefined;
  /**
   * Let `on_delete: delete` delete datasets and their records, with `prune` and when the resource goes. For the latter it
   * has to be deployed first. Default false: data is kept.
   */
  readonly deleteData?: Input<boolean> | undefined;
  /** Globs of `kind/_id` that may be taken over where they exist already. Default: none, they are refused. */
  readonly adopt?: Input<readonly string[]> | undefined;
  /** Globs of `kind/_id` whose secrets are written though nothing says that they differ. Default: none. */
  readonly writeSecrets?: Input<readonly string[]> | undefined;
  /** Make anew what cannot be updated and has fields that cannot be compared, such as an adopted job. Default false. */
  readonly rewriteUnknown?: Input<boolean> | undefined;
  /** Make anew what is gone from the target, however much that is. Default false: at most 3 or 10 %. */
  readonly recreateMissing?: Input<boolean> | undefined;
  /** The endpoint or the account is another one and holds the same objects. Take it out afterwards. Default false. */
  readonly acceptTarget?: Input<boolean> | undefined;
  /** Deploy though a secret had no value when the plan was made. Default false. */
  readonly acceptUnresolved?: Input<boolean> | undefined;
  /**
   * Set back what somebody else changed on the target, though no `pulumi refresh` has shown it. What the project's
   * `on_drift` and `ignore` let be stays anyway. Default false: refused, and nothing is written.
   */
  readonly overwriteDrift?: Input<boolean> | undefined;
};

/** What became of one resource of the tenant. */
export type DeployedResource = {
  /** The live id. */
  readonly id: string;
  /** False for what needs a person: an unreachable source, a failed job, something vanished. */
  readonly healthy: boolean;
  /** What the target says, where it is not healthy. */
  readonly problem?: string;
  /** Data that was kept when the files let it go. */
  readonly retained?: boolean;
};

type Notes = readonly { readonly severity: "info" | "warning" | "error"; readonly text: string }[];

let previewer: Promise<(inputs: { readonly [name: string]: Json }) => Promise<Notes>> | undefined;

const logs = { info: pulumi.log.info, warning: pulumi.log.warn, error: pulumi.log.error } as const;

/** Shows on the resource what an `up` would do on the target. */
const showPlan = async (resource: TenantDeployment, inputs: { readonly [name: string]: Json }): Promise<void> => {
  const done = pulumi.runtime.rpcKeepAlive();
  try {
    previewer ??= import("./whole-tenant/preview.ts").then(({ createPreviewer }) => createPreviewer());
    for (const { severity, text } of await (await previewer)(inputs)) await logs[severity](text, resource);
  } finally {
    done();
  }
};

const isComputed = (value: unknown): boolean => pulumi.Output.isInstance(value) || value instanceof Promise;

const holdsComputed = (set: TenantDeploymentArgs["set"]): boolean =>
  isComputed(set) || (typeof set === "object" && set !== null && Object.values(set).some(isComputed));

/**
 * A whole tenant of a project folder as one resource: planned and applied by the library, with its guards, its lease and
 * the project's ledger. For fleets; `Tenant` declares each resource of a tenant to Pulumi instead.
 */
export class TenantDeployment extends pulumi.CustomResource {
  declare readonly project: Output<string>;
  declare readonly tenant: Output<string>;
  declare readonly environment: Output<string>;
  /** Digest of what the files, settings and secrets ask for, keyed with the ledger's key. */
  declare readonly desired: Output<string>;
  /** What the tenant owns, by `kind/_id`, as at the last write or refresh. */
  declare readonly resources: Output<{ readonly [address: string]: DeployedResource }>;
  /** What the last refresh found changed on the target, by `kind/_id`: the next `up` sets it back. */
  declare readonly drift: Output<{
    readonly [address: string]: { readonly gone: boolean; readonly fields: readonly string[] };
  }>;
  /** What the last `up` did not get done, by `kind/_id` or guard. */
  declare readonly problems: Output<{ readonly [name: string]: string }>;
  /** True where the next `up` has something to do, whatever the program says. */
  declare readonly pending: Output<boolean>;

  constructor(name: string, given: TenantDeploymentArgs, opts: CustomResourceOptions = {}) {
    const args = givenArguments(name, given);
    checkProviderPath("tenant-deployment");
    // A program in JavaScript may leave it out, or give something else: the provider says so.
    const { project: path } = args;
    const project = typeof path === "string" ? statePath(programFolder(process.cwd()), path) : path;
    const { tenant = name, environment = "default" } = args;
    oneOfAName("deployment", name, { project: project ?? null, environment }, tenant, `tenant ${tenant}`);
    const inputs = { ...args, project, tenant, environment };
    ownPositions();
    super(
      resourceType("TenantDeployment"),
      name,
      {
        ...inputs,
        desired: undefined,
        resources: undefined,
        drift: undefined,
        problems: undefined,
        pending: undefined,
        __provider: pointer("tenant-deployment"),
      },
      pulumi.mergeOptions(
        {
          hideDiffs: ["__provider"],
          additionalSecretOutputs: holdsComputed(args.set) ? ["set"] : [],
          // Made first and deleted then, the new one would lose what both have.
          deleteBeforeReplace: true,
        },
        opts,
      ),
    );
    if (!pulumi.runtime.isDryRun()) return;
    // Once it is registered, its own arguments and files are in order. With something unknown nothing can be shown.
    pulumi.all([this.urn, pulumi.output(inputs as object)]).apply(async ([, given]) => showPlan(this, plain(given)));
  }
}

/** Without what is not given. */
const plain = (given: object): { readonly [name: string]: Json } =>
  JSON.parse(JSON.stringify(given)) as { readonly [name: string]: Json };
