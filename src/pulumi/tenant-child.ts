import { posix } from "node:path";
import type { Json, Path, Properties } from "../contract/index.ts";
import type { DesiredResource, DesiredTenant } from "../deploy/index.ts";
import { DeployerError } from "../errors.ts";
import { type PulumiKind, pulumiKinds } from "./lifecycle/adapters.ts";
import { statePath } from "./program-folder.ts";

/** Where a tenant comes from. Paths are relative to `folder`, which no state holds. */
export type TenantPlace = {
  readonly folder: string;
  readonly project: string;
  readonly environment: string;
};

/** A resource of a tenant as a program declares it. */
export type TenantChild = {
  readonly kind: PulumiKind;
  /** The `_id`: its name in the program. */
  readonly name: string;
  /** Its arguments; secrets are sealed, and what it refers to stands by its `_id`. */
  readonly args: Properties;
  /** Arguments that are the live id of another child. */
  readonly references: readonly { readonly argument: string; readonly kind: string; readonly _id: string }[];
  /** Other children that have to be there before it. */
  readonly after: readonly { readonly kind: string; readonly _id: string }[];
  /** Arguments that others may change, as Pulumi writes paths. */
  readonly ignoreChanges: readonly string[];
  readonly isProtected: boolean;
};

const pathText = (argument: string): string =>
  argument
    .split(".")
    .map((name, index) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? (index === 0 ? name : `.${name}`) : `[${JSON.stringify(name)}]`,
    )
    .join("");

/** The file of an upload, from the program's folder; its digest is taken when it is checked. */
const withFile = (args: Properties, { folder, project }: TenantPlace): Properties => {
  const { content: _, path, ...rest } = args;
  return typeof path === "string" ? { ...rest, path: statePath(folder, posix.join(project, path)) } : args;
};

/** How the class of a kind declares one of a tenant's resources. Throws `not-supported`. */
export const tenantChild = (
  { kind: kindName, _id, properties, references, isProtected, ignored }: DesiredResource,
  { target, catalogFiles }: Pick<DesiredTenant, "target" | "catalogFiles">,
  place: TenantPlace,
): TenantChild => {
  const kind = pulumiKinds.get(kindName);
  if (kind === undefined) {
    throw new DeployerError("not-supported", `${kindName}/${_id} has no Pulumi class`, {
      hint: `classes are there for: ${[...pulumiKinds.keys()].join(", ")}`,
    });
  }
  const { adapter } = kind;
  const argument = (path: Path): string => adapter.argument(path);
  const own = adapter.inputs(properties);
  const args: { readonly [name: string]: Json } = {
    ...(adapter.kind.localFile === undefined ? own : withFile(own, place)),
    target: { project: place.project, environment: place.environment, name: target },
    ...(catalogFiles.length === 0
      ? {}
      : { catalog: catalogFiles.map((file) => statePath(place.folder, posix.join(place.project, file))) }),
  };
  return {
    kind,
    name: _id,
    args,
    references: references
      .filter(({ optional }) => optional !== true)
      .map(({ path, kind: other, _id: name }) => ({
        argument: argument(path).split(".")[0] ?? "",
        kind: other,
        _id: name,
      })),
    after: references
      .filter(({ optional }) => optional === true)
      .map(({ kind: other, _id: name }) => ({ kind: other, _id: name })),
    ignoreChanges: ignored.map((path) => pathText(argument(path))),
    isProtected,
  };
};
