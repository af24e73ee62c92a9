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

export type FileUploadArgs = CommonArgs & {
  /** Name of the dataset that it fills. A change fills another one. */
  readonly dataset: Input<string>;
  /** The file, relative to the folder of `Pulumi.yaml`. */
  readonly path: Input<string>;
  /** `auto` goes by the file's name: .json, .jsonl, .ndjson or .csv. Default `auto`. */
  readonly format?: Input<"auto" | "json" | "jsonl" | "csv"> | undefined;
  /** Records that the target takes at once. Default: its own. */
  readonly batchSize?: Input<number> | undefined;
  /** The target takes the records in the background, and the provider follows it to its end. Default false. */
  readonly asyncMode?: Input<boolean> | undefined;
  /**
   * `replace`: the dataset holds this file and nothing else; `append`: each new content is added once. Default `replace`.
   */
  readonly mode?: Input<"replace" | "append"> | undefined;
  /** What happens to the records when the resource goes or is replaced. Default `retain`. */
  readonly onDelete?: Input<"retain" | "delete"> | undefined;
  /** `sha256:` and the digest that the file must have. Default: that of the file as it is. */
  readonly content?: Input<string> | undefined;
};

/** The records of a file in a dataset. The target does not tell what it holds: the digest of what was sent decides. */
export class FileUpload extends pulumi.CustomResource {
  /** Name of the dataset that it fills. */
  declare readonly dataset: Output<string>;
  declare readonly path: Output<string>;
  declare readonly format: Output<"auto" | "json" | "jsonl" | "csv" | undefined>;
  declare readonly batchSize: Output<number | undefined>;
  declare readonly asyncMode: Output<boolean | undefined>;
  declare readonly mode: Output<"replace" | "append" | undefined>;
  declare readonly onDelete: Output<"retain" | "delete" | undefined>;
  /** `sha256:` and the digest of the content that was sent. */
  declare readonly content: Output<string>;
  /** Status of the dataset at the last write or refresh: `green`, `yellow` or `red`. */
  declare readonly status: Output<string>;
  /** Address of the API that it was last seen at. */
  declare readonly endpoint: Output<string>;
  /** What the target returned at the last write or refresh. */
  declare readonly live: Output<{ readonly [property: string]: Json }>;
  declare readonly target: Output<TargetArgs | undefined>;
  declare readonly catalog: Output<readonly string[] | undefined>;

  constructor(name: string, given: FileUploadArgs, opts: CustomResourceOptions = {}) {
    const args = givenArguments(name, given);
    const isLookup = opts.id !== undefined;
    checkProviderPath("file-upload");
    if (!isLookup) oneOfAName("file", name, args.target, knownText(args.dataset));
    const own = {
      dataset: args.dataset,
      path: args.path,
      format: args.format,
      batchSize: args.batchSize,
      asyncMode: args.asyncMode,
      mode: args.mode,
      onDelete: args.onDelete,
      content: args.content,
      target: args.target,
      catalog: args.catalog,
      adopt: args.adopt,
      overwriteDrift: args.overwriteDrift,
    };
    const others = otherArguments(name, args, own, FileUpload.prototype, isLookup);
    ownPositions();
    super(
      resourceType("FileUpload"),
      name,
      {
        ...own,
        status: undefined,
        endpoint: undefined,
        live: undefined,
        ...others,
        __provider: pointer("file-upload"),
      },
      classOptions(opts, [], false),
    );
  }

  /** Looks up the records of an existing dataset by its name on the target, without managing them. */
  static get(name: string, id: Input<string>, args: LookupArgs = {}, opts: CustomResourceOptions = {}): FileUpload {
    return new FileUpload(name, args as FileUploadArgs, { ...opts, id });
  }
}
