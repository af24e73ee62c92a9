import type { CustomResourceOptions, Input, Output } from "@pulumi/pulumi";
import type { Json } from "../contract/index.ts";
import type { CommonArgs, LookupArgs, TargetArgs } from "./arguments.ts";
import { classOptions } from "./class-options.ts";
import { givenArguments, otherArguments } from "./given-arguments.ts";
import { knownText, oneOfAName } from "./one-of-a-name.ts";
import { ownPositions } from "./own-positions.ts";
import { pointer, resourceType } from "./pointer.ts";
import { checkProviderPath } from "./provider-path.ts";
import { pulumi } from "./sdk.ts";

export type DatasetArgs = CommonArgs & {
  /** Name of the dataset on the target; a change makes another dataset. Default: the resource's name in the program. */
  readonly name?: Input<string> | undefined;
  /**
   * What happens to the dataset and its records when the resource goes or is replaced. `delete` counts from the `up` that
   * deployed it. Default `retain`.
   */
  readonly onDelete?: Input<"retain" | "delete"> | undefined;
};

/** A dataset: made empty, filled by import jobs and uploads, kept when the resource goes unless told otherwise. */
export class Dataset extends pulumi.CustomResource {
  /** Name of the dataset on the target. */
  declare readonly name: Output<string>;
  declare readonly onDelete: Output<"retain" | "delete" | undefined>;
  /** Status at the last write or refresh: `green`, `yellow` or `red`. */
  declare readonly status: Output<string>;
  /** Address of the API that it was last seen at. */
  declare readonly endpoint: Output<string>;
  /** What the target returned at the last write or refresh. */
  declare readonly live: Output<{ readonly [property: string]: Json }>;
  declare readonly target: Output<TargetArgs | undefined>;
  declare readonly catalog: Output<readonly string[] | undefined>;

  constructor(name: string, given: DatasetArgs = {}, opts: CustomResourceOptions = {}) {
    const args = givenArguments(name, given);
    const isLookup = opts.id !== undefined;
    checkProviderPath("dataset");
    if (!isLookup) oneOfAName("dataset", name, args.target, knownText(args.name ?? name));
    const own = {
      name: isLookup ? undefined : (args.name ?? name),
      onDelete: args.onDelete,
      target: args.target,
      catalog: args.catalog,
      adopt: args.adopt,
      overwriteDrift: args.overwriteDrift,
    };
    const others = otherArguments(name, args, own, Dataset.prototype, isLookup);
    ownPositions();
    super(
      resourceType("Dataset"),
      name,
      {
        ...own,
        status: undefined,
        endpoint: undefined,
        live: undefined,
        ...others,
        __provider: pointer("dataset"),
      },
      classOptions(opts, [], false),
    );
  }

  /** Looks up an existing dataset by its name on the target, without managing it. */
  static get(name: string, id: Input<string>, args: LookupArgs = {}, opts: CustomResourceOptions = {}): Dataset {
    return new Dataset(name, args as DatasetArgs, { ...opts, id });
  }
}
