import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import type { Json } from "../contract/index.ts";
import { address, eachSealed, isObject, isSealed } from "../contract/index.ts";
import type { DesiredTenant } from "../deploy/index.ts";
import { Connection, type ConnectionArgs } from "./connection.ts";
import { Dataset, type DatasetArgs } from "./dataset.ts";
import { FileUpload, type FileUploadArgs } from "./file-upload.ts";
import { ImportJob, type ImportJobArgs } from "./import-job.ts";
import { pulumi } from "./sdk.ts";
import type { TenantChild } from "./tenant-child.ts";

type Child = Connection | Dataset | FileUpload | ImportJob;

const make = ({ kind, name }: TenantChild, args: object, opts: CustomResourceOptions): Child => {
  switch (kind.className) {
    case "Connection":
      return new Connection(name, args as ConnectionArgs, opts);
    case "Dataset":
      return new Dataset(name, args as DatasetArgs, opts);
    case "FileUpload":
      return new FileUpload(name, args as FileUploadArgs, opts);
    case "ImportJob":
      return new ImportJob(name, args as ImportJobArgs, opts);
  }
};

/** Clear texts of everything that is sealed. Throws all that have no value at once. */
export const revealed = async (
  desired: DesiredTenant,
  children: readonly TenantChild[],
): Promise<ReadonlyMap<string, string>> => {
  const texts = new Set<string>();
  for (const { args } of children) eachSealed(args, (_, { $secret }) => texts.add($secret));
  const values = new Map<string, string>();
  const errors: unknown[] = [];
  for (const text of texts) {
    try {
      values.set(text, await desired.reveal(text));
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors);
  return values;
};

/** The arguments as the program gives them: secrets as Pulumi secrets, references as the ids of other children. */
const programArgs = (child: TenantChild, values: ReadonlyMap<string, string>, made: Made): object => {
  const open = (value: Json): unknown => {
    if (isSealed(value)) return pulumi.secret(values.get(value.$secret) ?? "");
    if (Array.isArray(value)) return value.map(open);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, open(member)]));
  };
  const ids = child.references.map(({ argument, kind, _id }) => [argument, made.get(address(kind, _id))?.id] as const);
  return { ...(open(child.args) as object), ...Object.fromEntries(ids) };
};

type Made = Map<string, Child>;

/** Declares each child after those that it needs; gives them by `_id`. */
export const declareChildren = (
  parent: Resource,
  { adopt, overwriteDrift }: { readonly adopt?: boolean | undefined; readonly overwriteDrift?: boolean | undefined },
  children: readonly TenantChild[],
  values: ReadonlyMap<string, string>,
  moved: readonly { readonly from: string; readonly to: string }[],
): ReadonlyMap<string, Child> => {
  const nameOf = ({ kind, name }: TenantChild): string => address(kind.adapter.kind.name, name);
  const byName = new Map(children.map((child) => [nameOf(child), child]));
  const made: Made = new Map();
  const declareOne = (child: TenantChild): Child => {
    const known = made.get(nameOf(child));
    if (known !== undefined) return known;
    const needs = [...child.references, ...child.after].flatMap(
      ({ kind, _id }) => byName.get(address(kind, _id)) ?? [],
    );
    const before = needs.map(declareOne);
    const former = moved.filter(({ to }) => to === nameOf(child)).map(({ from }) => from.slice(from.indexOf("/") + 1));
    const resource = make(
      child,
      {
        ...programArgs(child, values, made),
        ...(adopt === undefined ? {} : { adopt }),
        ...(overwriteDrift === undefined ? {} : { overwriteDrift }),
      },
      {
        parent,
        dependsOn: before,
        ...(child.isProtected ? { protect: true } : {}),
        ...(child.ignoreChanges.length === 0 ? {} : { ignoreChanges: [...child.ignoreChanges] }),
        ...(former.length === 0 ? {} : { aliases: former.map((name) => ({ name })) }),
      },
    );
    made.set(nameOf(child), resource);
    return resource;
  };
  return new Map(children.map((child) => [child.name, declareOne(child)]));
};
