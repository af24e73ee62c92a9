import { resolve } from "node:path";
import type { ComponentResourceOptions, Output, Resource } from "@pulumi/pulumi";
import type { Json } from "../contract/index.ts";
import type { Project } from "../deploy/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { declareChildren, revealed } from "./declare-children.ts";
import { oneOfAName } from "./one-of-a-name.ts";
import { ownPositions } from "./own-positions.ts";
import { programFolder, statePath } from "./program-folder.ts";
import { pulumi } from "./sdk.ts";
import { invalidFiles, withoutFolder, wording } from "./whole-tenant/wording.ts";

export type TenantArgs = {
  /** The project's folder, relative to the folder of `Pulumi.yaml`. */
  readonly project: string;
  /** Id of the tenant. Default: the resource's name in the program. */
  readonly tenant?: string | undefined;
  /** A file under the project's `environments/`. Default: `default`. */
  readonly environment?: string | undefined;
  /** Values over all others, as `--set` gives them. Default: none. */
  readonly set?: { readonly [name: string]: Json } | undefined;
  /** Takes over existing objects of the same names instead of failing. Default false. */
  readonly adopt?: boolean | undefined;
  /** Updates also overwrite what somebody else changed since the last `pulumi refresh`. Default false. */
  readonly overwriteDrift?: boolean | undefined;
};

/** Live ids by `_id`. */
export type TenantIds = { readonly [_id: string]: string };

type TenantData = { readonly ids: Output<TenantIds> };

const argumentNames = ["project", "tenant", "environment", "set", "adopt", "overwriteDrift"];

/** A component has no provider that would check its arguments. Throws a `RunError`. */
const checked = (name: string, args: Partial<TenantArgs> | undefined): TenantArgs => {
  const refuse = (what: string): never => {
    throw new pulumi.RunError(`Tenant "${name}": ${what}`);
  };
  for (const argument of Object.keys(args ?? {})) {
    if (argumentNames.includes(argument)) continue;
    refuse(`"${argument}" is not an argument here; ${nearest(argument, argumentNames, "arguments are")}`);
  }
  const { project, tenant, environment } = args ?? {};
  if (typeof project !== "string" || project === "") {
    return refuse('"project" must name the project\'s folder, relative to Pulumi.yaml');
  }
  for (const [argument, value] of Object.entries({ tenant, environment })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      refuse(`"${argument}" must be a text that is known when the program runs`);
    }
  }
  return { ...args, project };
};

/** What is wrong, each with its place, as a diagnostic of the resource; then the program fails. */
const fail = (errors: readonly unknown[], { tenant, project }: TenantArgs, resource: Resource): never => {
  const texts = errors.flatMap((error) => {
    if (!(error instanceof DeployerError)) return [String(error)];
    const found = invalidFiles(error);
    if (found.length === 0) return [wording(error.message, error.hint)];
    return found.map((diagnostic) => diagnosticText(diagnostic, project));
  });
  const folder = programFolder(process.cwd());
  for (const text of texts) pulumi.log.error(withoutFolder(folder, text), resource);
  throw new pulumi.RunError(
    `tenant ${tenant}: ${texts.length} ${texts.length === 1 ? "error" : "errors"}; nothing of it was declared`,
  );
};

const diagnosticText = ({ location, message, hint }: Diagnostic, project: string): string => {
  const place =
    location === undefined
      ? ""
      : `${project === "." ? "" : `${project}/`}${location.file}:${location.line}:${location.column}: `;
  return wording(`${place}${message}`, hint);
};

/** Projects by the run of a program: files are read once in a run, and anew in the next one. */
const runs = new WeakMap<object, Map<string, Promise<Project>>>();
const noRun = {};

const openOnce = (dir: string, { project, environment, set }: TenantArgs): Promise<Project> => {
  const run = pulumi.runtime.getStackResource() ?? noRun;
  const projects = runs.get(run) ?? new Map<string, Promise<Project>>();
  runs.set(run, projects);
  const key = JSON.stringify([dir, environment, set]);
  const known =
    projects.get(key) ??
    import("../deploy/index.ts").then(({ openProject }) =>
      openProject(dir, {
        ...(environment === undefined ? {} : { environment }),
        ...(set === undefined ? {} : { set }),
        report: (event) => {
          if (event.code === "warning") void pulumi.log.warn(diagnosticText(event.diagnostic, project));
        },
      }),
    );
  projects.set(key, known);
  return known;
};

/**
 * One tenant of a project folder: its files are expanded, and each of its resources is a child of this one, named by its
 * `_id`. References are dependencies, `$SECRET()` are Pulumi secrets, `protected:` protects, `ignore:` ignores changes and
 * `moved:` gives aliases. What is wrong in the files shows as diagnostics with file and line.
 */
export class Tenant extends pulumi.ComponentResource<TenantData> {
  /** Live id of each resource, by its `_id`. */
  declare readonly ids: Output<TenantIds>;

  constructor(name: string, args: TenantArgs, opts: ComponentResourceOptions = {}) {
    const { tenant = name, environment = "default" } = checked(name, args);
    const project = statePath(programFolder(process.cwd()), args.project);
    oneOfAName("deployment", name, { project, environment }, tenant, `tenant ${tenant}`);
    ownPositions();
    super("connector-deployer:index:Tenant", name, { ...args, tenant, project }, opts);
    this.ids = pulumi.output(this.getData()).apply(({ ids }) => ids);
  }

  protected override async initialize(args: TenantArgs): Promise<TenantData> {
    const { tenant = "", project } = args;
    const folder = programFolder(process.cwd());
    try {
      const opened = await openOnce(resolve(folder, project), args);
      const desired = await opened.desired(tenant);
      const { tenantChild } = await import("./tenant-child.ts");
      const place = { folder, project, environment: args.environment ?? "default" };
      const children = desired.resources.map((resource) => tenantChild(resource, desired, place));
      const values = await revealed(desired, children);
      const made = declareChildren(this, args, children, values, opened.files.moved);
      const ids = pulumi.all(Object.fromEntries([...made].map(([_id, child]) => [_id, child.id])));
      this.registerOutputs({ ids });
      return { ids };
    } catch (error) {
      if (pulumi.RunError.isInstance(error)) throw error;
      return fail(error instanceof AggregateError ? error.errors : [error], args, this);
    }
  }
}
