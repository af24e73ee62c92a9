import { isAbsolute } from "node:path";
import { DeployerError } from "../errors.ts";
import { leasesOf, ledgerOf } from "./care.ts";
import type { Check, DoctorOptions, DoctorReport } from "./care-types.ts";
import type { Context } from "./context.ts";
import type { Examined } from "./examine-target.ts";
import { examineTarget } from "./examine-target.ts";
import { ciWarnings } from "./ledger-address.ts";
import { readTenants } from "./read-tenants.ts";
import { some } from "./some.ts";
import { engines, tool } from "./version.ts";

const never = new AbortController().signal;

const plural = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

const badOf = (check: Check["check"], error: unknown): Check => {
  if (!(error instanceof DeployerError) || error.code === "cancelled") throw error;
  const { message, code, hint } = error;
  return { check, status: "bad", message, code, ...(hint === undefined ? {} : { hint }) };
};

const nodeCheck = (): Check => {
  const { node } = process.versions;
  const isOld = Number.parseInt(node, 10) < engines.node;
  return isOld
    ? { check: "node", status: "bad", message: `Node ${node}`, hint: `install Node ${engines.node} or newer` }
    : { check: "node", status: "ok", message: `Node ${node}` };
};

const projectCheck = async (context: Context): Promise<Check> => {
  try {
    const { ids, selected, diagnostics } = await readTenants(context.files, await context.index(), {}, context.set);
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
    const warnings = diagnostics.length - errors;
    if (diagnostics.length > 0) {
      return {
        check: "project",
        status: errors > 0 ? "bad" : "warn",
        message: `the files have ${plural(errors, "error")} and ${plural(warnings, "warning")}`,
        hint: "connector-deployer validate lists them",
        ...(errors > 0 ? { code: "invalid-files" } : {}),
      };
    }
    const resources = selected.reduce((sum, tenant) => sum + tenant.resources.length, 0);
    return {
      check: "project",
      status: "ok",
      message: `${plural(ids.length, "tenant")}, ${plural(resources, "resource")}`,
    };
  } catch (error) {
    return badOf("project", error);
  }
};

const placeCheck = (context: Context, address: string): Check => {
  const [warning] = ciWarnings(address, context.options.env ?? process.env);
  const check = { check: "ledger-place" } as const;
  if (warning !== undefined) {
    const { message, hint } = warning;
    return { ...check, status: "warn", message, ...(hint === undefined ? {} : { hint }) };
  }
  const message = isAbsolute(address) ? "it is a file, for one machine" : "it is shared: several machines may use it";
  return { ...check, status: "ok", message };
};

const leaseCheck = async (context: Context): Promise<Check> => {
  const leases = await leasesOf(context);
  const left = leases.filter((lease) => !lease.alive).map((lease) => lease.tenant);
  if (left.length > 0) {
    return {
      check: "leases",
      status: "warn",
      message: `left behind by runs that ended: ${some(left)}`,
      hint: "the next run takes them over; it looks first at what became of the interrupted one",
    };
  }
  const held = leases.map(
    ({ tenant, holder, since }) => `${tenant} (${holder.host}, pid ${holder.pid}, since ${since})`,
  );
  return { check: "leases", status: "ok", message: held.length === 0 ? "nobody is at work" : `at work: ${some(held)}` };
};

const openCheck = async (context: Context): Promise<Check> => {
  const ledger = await context.ledger();
  const tenants: string[] = [];
  let number = 0;
  const atWork = new Set((await ledger.leases()).flatMap(({ alive, tenant }) => (alive ? [tenant] : [])));
  for (const tenant of await ledger.tenants()) {
    // What a run that is at work has open is not left open.
    if (atWork.has(tenant)) continue;
    const { length } = await ledger.open(tenant);
    number += length;
    if (length > 0) tenants.push(tenant);
  }
  if (number === 0) return { check: "open-operations", status: "ok", message: "none was left open" };
  return {
    check: "open-operations",
    status: "warn",
    message: `${plural(number, "operation")} of an interrupted run without a known outcome: ${some(tenants)}`,
    hint: "connector-deployer plan says what became of them; apply finishes them",
  };
};

const ledgerChecks = async (context: Context): Promise<readonly Check[]> => {
  try {
    const { address, schema, entries, key } = await ledgerOf(context);
    const message = `${address} opens (schema ${schema}, ${plural(entries, "resource")}), and the key of ${key} fits`;
    return [
      { check: "ledger", status: "ok", message },
      placeCheck(context, address),
      await leaseCheck(context),
      await openCheck(context),
    ];
  } catch (error) {
    return [badOf("ledger", error)];
  }
};

const yamlOf = (settings: ReadonlyMap<string, Readonly<Record<string, string>>>): string =>
  settings.size === 0
    ? ""
    : [
        "targets:",
        ...[...settings].flatMap(([target, traits]) => [
          `  ${target}:`,
          `    traits: { ${Object.entries(traits)
            .map(([trait, value]) => `${trait}: ${value}`)
            .join(", ")} }`,
        ]),
        "",
      ].join("\n");

/** Looks at everything that a run needs. Writes to a target only with `probe`. Throws `cancelled`. */
export const examine = async (context: Context, options: DoctorOptions): Promise<DoctorReport> => {
  const { probe = false, signal = never } = options;
  const checks: Check[] = [nodeCheck(), await projectCheck(context), ...(await ledgerChecks(context))];
  const settings = new Map<string, Readonly<Record<string, string>>>();
  for (const name of Object.keys(context.files.targets).sort()) {
    const examined: Examined = await examineTarget(context, name, probe, signal);
    checks.push(...examined.checks);
    if (examined.settings !== undefined) settings.set(name, examined.settings);
  }
  return {
    type: "doctor",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    checks,
    settings: yamlOf(settings),
  };
};
