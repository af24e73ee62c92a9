import type { Json, Properties } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { StateResource } from "../../deploy/index.ts";
import { DeployerError } from "../../errors.ts";
import { type PulumiKind, pulumiKinds } from "../lifecycle/adapters.ts";
import { fingerprintsOf } from "../lifecycle/fingerprint.ts";
import { commonArguments } from "../lifecycle/picture.ts";
import { resourceType } from "../pointer.ts";
import { tenantType } from "./import-file.ts";
import { hiddenPaths, isHidden, reveal, withoutHidden } from "./state-values.ts";

/** One of ours that says nothing about a live object of its own. */
export type StackSkipped = {
  readonly urn: string;
  readonly name: string;
  readonly kind: string;
  readonly id: string;
  readonly reason: string;
  readonly hint: string;
};

export type StackExport = {
  /** Name of the stack, where it has a resource. */
  readonly stack?: string;
  readonly resources: readonly StateResource[];
  readonly skipped: readonly StackSkipped[];
  /** Whole tenants, which work on the ledger. */
  readonly deployments: readonly { readonly urn: string; readonly name: string }[];
  /** `Tenant` components. */
  readonly components: readonly string[];
  /** True where the stack has nothing that is not ours. */
  readonly isOnlyOurs: boolean;
};

/** Our classes by their type tokens. */
const classes = new Map([...pulumiKinds.values()].map((kind) => [resourceType(kind.className), kind]));

const versions = [3, 4];

const refuse = (message: string, hint: string): DeployerError => new DeployerError("usage", message, { hint });

const exported = "make it with: pulumi stack export --stack NAME --file FILE";

/** An own member: what a file holds is never looked up in a prototype. */
const member = (value: unknown, name: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

const text = (value: unknown, name: string): string | undefined => {
  const found = member(value, name);
  return typeof found === "string" ? found : undefined;
};

const records = (file: string, content: unknown): readonly Json[] => {
  const about = `${file} is no stack export`;
  if (!isObject(content)) throw refuse(`${about}: it holds no JSON object`, exported);
  if (member(content, "checkpoint") !== undefined) {
    throw refuse(`${about}: it is a checkpoint, the file that a backend keeps`, exported);
  }
  const deployment = member(content, "deployment");
  if (!isObject(deployment)) throw refuse(`${about}: it has no "deployment"`, exported);
  const version = member(content, "version");
  if (typeof version !== "number" || !versions.includes(version)) {
    throw refuse(
      `${about} of version ${versions.join(" or ")}: its version is ${JSON.stringify(version ?? null).slice(0, 40)}`,
      "export it with a pulumi of version 3",
    );
  }
  const resources = member(deployment, "resources") ?? [];
  if (!Array.isArray(resources)) throw refuse(`${about}: "deployment.resources" is no list`, exported);
  return resources as readonly Json[];
};

/** `urn:pulumi:STACK::PROJECT::TYPES::NAME`; a name may hold `::`. */
const partsOf = (urn: string): { readonly stack: string; readonly name: string } => {
  const [head = "", , , ...name] = urn.split("::");
  return { stack: head.slice("urn:pulumi:".length), name: name.join("::") };
};

/** The kind's properties, and where the state has what cannot be read. */
const stateOfClass = ({ adapter }: PulumiKind, record: Json, showsSecrets: boolean) => {
  const names = [...adapter.fields, ...commonArguments];
  const picked = (from: Json | undefined): Properties => {
    const revealed = reveal(from ?? null, showsSecrets);
    return isObject(revealed)
      ? Object.fromEntries(
          names.flatMap((name) => (Object.hasOwn(revealed, name) ? [[name, revealed[name] ?? null]] : [])),
        )
      : {};
  };
  const inputs = picked(member(record, "inputs"));
  const given = adapter.fields.some((name) => inputs[name] !== undefined) ? inputs : picked(member(record, "outputs"));
  const whole = isHidden(given["config"]) ? ["/config"] : [];
  const properties = adapter.properties(whole.length === 0 ? given : { ...given, config: {} });
  return { properties: withoutHidden(properties), hidden: [...whole, ...hiddenPaths(properties)] };
};

const resourceOf = (found: PulumiKind, record: Json, urn: string): StateResource | StackSkipped => {
  const { name } = partsOf(urn);
  const kind = found.adapter.kind.name;
  const id = text(record, "id") ?? "";
  const facts = { urn, name, kind, id };
  if (member(record, "external") === true) {
    return { ...facts, reason: "the program only looks it up", hint: "adopt KIND/_ID takes over what nobody drives" };
  }
  if (member(record, "delete") === true || id === "") {
    return {
      ...facts,
      reason: "an interrupted run of Pulumi left it half done",
      hint: "run pulumi up, export the stack again, then take it back",
    };
  }
  const outputs = reveal(member(record, "outputs") ?? null, true);
  const live = member(outputs, "live");
  const endpoint = text(outputs, "endpoint");
  return {
    ...facts,
    ...stateOfClass(found, record, true),
    secret: stateOfClass(found, record, false).hidden,
    fingerprints: isObject(outputs) ? fingerprintsOf(outputs) : {},
    ...(isObject(live) && hiddenPaths(live).length === 0 ? { live } : {}),
    ...(endpoint === undefined || isHidden(endpoint) ? {} : { endpoint }),
  };
};

const isPlumbing = (type: string): boolean => type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:");

/**
 * Reads the output of `pulumi stack export`; `file` is what messages call it. What is encrypted stays unread. Throws
 * `usage` where it is something else.
 */
export const readStackExport = (content: string, file: string): StackExport => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw refuse(`${file} is not JSON`, exported);
  }
  const resources: StateResource[] = [];
  const skipped: StackSkipped[] = [];
  const deployments: { urn: string; name: string }[] = [];
  const components: string[] = [];
  let stack: string | undefined;
  let isOnlyOurs = true;
  for (const [index, record] of records(file, parsed).entries()) {
    const [urn, type] = [text(record, "urn"), text(record, "type")];
    if (urn === undefined || type === undefined || !urn.startsWith("urn:pulumi:")) {
      throw refuse(`${file} is no stack export: its resource ${index} has no urn and type`, exported);
    }
    const { name } = partsOf(urn);
    stack ??= partsOf(urn).stack;
    const found = classes.get(type);
    if (found !== undefined) {
      const one = resourceOf(found, record, urn);
      if ("reason" in one) skipped.push(one);
      else resources.push(one);
    } else if (type === resourceType("TenantDeployment")) deployments.push({ urn, name });
    else if (type === tenantType) components.push(urn);
    else if (!isPlumbing(type)) isOnlyOurs = false;
  }
  return { ...(stack === undefined ? {} : { stack }), resources, skipped, deployments, components, isOnlyOurs };
};
