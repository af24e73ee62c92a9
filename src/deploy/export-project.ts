import picomatch from "picomatch";
import type { Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Context } from "./context.ts";
import type { Made, Names } from "./export-components.ts";
import { free, makeComponents } from "./export-components.ts";
import type { Addition } from "./export-edit.ts";
import type { PlannedFile } from "./export-files.ts";
import { planEdit, tenantFileFor, writeFiles } from "./export-files.ts";
import type { Found, Undeclared } from "./export-pick.ts";
import { findUndeclared, undeclaredName } from "./export-pick.ts";
import { exportedTemplate } from "./export-text.ts";
import type { ExportOptions, ExportReport } from "./ownership-types.ts";
import type { ReadTenants } from "./read-tenants.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { tool } from "./version.ts";

const never = new AbortController().signal;

const ids = /^[a-z0-9][a-z0-9_-]*$/;

const checkId = (what: string, id: string): void => {
  if (ids.test(id)) return;
  throw new DeployerError("usage", `${JSON.stringify(id)} cannot be the id of a ${what}`, {
    hint: 'use lower-case letters, digits, "-" and "_", beginning with a letter or a digit',
  });
};

const connectorFor = (context: Context, wanted: string | undefined): string => {
  const known = context.files.connectors;
  if (wanted === undefined) return free("exported", (name) => known.includes(name));
  checkId("connector", wanted);
  if (!known.includes(wanted)) return wanted;
  throw new DeployerError("usage", `the project has a connector "${wanted}" already, and export overwrites nothing`, {
    hint: "name another one with --connector",
  });
};

const targetFor = (context: Context, options: ExportOptions, own: string | undefined): string => {
  if (own !== undefined && options.target !== undefined && options.target !== own) {
    throw new DeployerError("usage", `tenant ${options.tenant} is on the target "${own}", not "${options.target}"`, {
      hint: "leave --target out, or name another tenant",
    });
  }
  const name = own ?? options.target ?? "default";
  if (Object.hasOwn(context.files.targets, name)) return name;
  throw new DeployerError("usage", `the project has no target "${name}"`, {
    hint: nearest(name, Object.keys(context.files.targets), "targets are"),
  });
};

/** What the globs choose. Throws `usage` for one that nothing answers to. */
const choose = (found: Found, globs: readonly string[]): ReadonlySet<Undeclared> => {
  if (globs.length === 0) return new Set(found.undeclared);
  const chosen = new Set<Undeclared>();
  const names = (item: Undeclared): readonly string[] => [undeclaredName(item), address(item.kind.name, item.live.id)];
  for (const glob of globs) {
    const matches = picomatch(glob, { dot: true, bash: true });
    const fits = found.undeclared.filter((item) => names(item).some((name) => name === glob || matches(name)));
    for (const item of fits) chosen.add(item);
    const isLeft = found.left.some(({ kind, name, id }) => [name, id].some((text) => matches(address(kind, text))));
    if (fits.length > 0 || isLeft) continue;
    throw new DeployerError("usage", `nothing live that nobody declared matches ${JSON.stringify(glob)}`, {
      hint: nearest(glob, found.undeclared.map(undeclaredName), "there are"),
    });
  }
  return chosen;
};

const readAll = async (context: Context): Promise<ReadTenants> => {
  const all = await readTenants(context.files, await context.index(), {}, context.set);
  refuseInvalid(all.diagnostics);
  context.warn(all.diagnostics);
  return all;
};

const takenNames = (context: Context, all: ReadTenants, found: Found): Names => {
  const sources = [context.files.secrets, ...all.selected.map(({ tenant }) => tenant.secrets)];
  return {
    _ids: new Set(found.taken),
    secrets: new Set(sources.flatMap((secrets) => Object.keys(secrets))),
    variables: new Set(
      sources.flatMap((secrets) => Object.values(secrets).flatMap((source) => ("env" in source ? [source.env] : []))),
    ),
  };
};

const present = (all: ReadTenants, id: string): ReadTenants["selected"][number]["tenant"] | undefined => {
  const tenant = all.selected.find((one) => one.tenant.id === id)?.tenant;
  if (tenant?.state !== "absent") return tenant;
  throw new DeployerError("usage", `tenant ${id} is leaving (state: absent), so nothing can be declared for it`, {
    hint: "name another tenant with -t",
  });
};

const plannedFiles = async (
  context: Context,
  tenant: ReadTenants["selected"][number]["tenant"] | undefined,
  report: Omit<ExportReport, "files">,
  made: readonly Made[],
): Promise<readonly PlannedFile[]> => {
  const { connector, target } = report;
  const folder = `connectors/${connector}`;
  const system = `${context.files.vendor}-${report.tenant}-${connector}`;
  const source = `Exported from the target ${target}.`;
  const project: Addition[] = [
    { parent: "connectors", members: { [connector]: { path: folder } } },
    ...(report.secrets.length === 0
      ? []
      : [{ parent: "secrets", members: Object.fromEntries(report.secrets.map(({ name, env }) => [name, { env }])) }]),
  ];
  const template = exportedTemplate(
    made.map((one) => one.component),
    system,
    source,
  );
  return [
    { path: `${folder}/manifest.yaml`, action: "create", text: "system-template: templates/system.yaml\n" },
    { path: `${folder}/templates/system.yaml`, action: "create", text: template },
    await planEdit(context.files.dir, "connector-deployer.yaml", project),
    tenant === undefined
      ? await tenantFileFor(context.files.dir, report.tenant, connector, target)
      : await planEdit(context.files.dir, tenant.file, [{ parent: "connectors", members: { [connector]: {} } }]),
  ];
};

/** Writes files for live objects that nobody declared. */
export const exportProject = async (context: Context, options: ExportOptions): Promise<ExportReport> => {
  checkId("tenant", options.tenant);
  const all = await readAll(context);
  const tenant = present(all, options.tenant);
  const connector = connectorFor(context, options.connector);
  const target = targetFor(context, options, tenant?.target);
  const desired: Resource[] = all.selected.flatMap((one) => (one.tenant.target === target ? one.resources : []));
  const found = await findUndeclared(context, target, options.tenant, desired, options.signal ?? never);
  const chosen = choose(found, options.only ?? []);
  const { made, left } = makeComponents(found, chosen, takenNames(context, all, found));
  const report: Omit<ExportReport, "files"> = {
    type: "export",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    tenant: options.tenant,
    target,
    connector,
    dryRun: options.dryRun ?? false,
    items: made.map(({ component, item }) => ({
      kind: component.kind,
      _id: component._id,
      id: item.live.id,
      name: item.declaration._id,
      notes: component.notes,
    })),
    left: [...found.left, ...left],
    secrets: made.flatMap((one) => one.secrets),
  };
  if (made.length === 0) return { ...report, files: [] };
  const files = await plannedFiles(context, tenant, report, made);
  if (!report.dryRun) await writeFiles(context.files.dir, files);
  return { ...report, files: files.map(({ path, action, text }) => ({ path, action, text })) };
};
