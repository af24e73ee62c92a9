import { randomUUID } from "node:crypto";
import type { Plan, Refusal } from "../contract/index.ts";
import { address, segments } from "../contract/index.ts";
import type { Rim } from "../engine/index.ts";
import { applyPlan } from "../engine/index.ts";
import { DeployerError } from "../errors.ts";
import type { InfinoClient } from "../infino/index.ts";
import { localHolder } from "../ledger/index.ts";
import type { Tenant } from "../manifest/index.ts";
import type { Target } from "../resources/index.ts";
import { checkContents } from "./check-contents.ts";
import type { Context } from "./context.ts";
import { partOfPlan } from "./part-of-plan.ts";
import { keepsField, matcher, refusesDrift } from "./policies.ts";
import { quietTenants } from "./quiet-tenants.ts";
import type { ReadTenant } from "./read-tenants.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { failureOutcome, runOutcome } from "./run-outcome.ts";
import { sleep } from "./sleep.ts";
import { some } from "./some.ts";
import type { ApplyOptions, ApplyReport } from "./types.ts";
import { tool } from "./version.ts";
import { waitTimeout } from "./wait-timeout.ts";

const stale = (message: string): DeployerError => new DeployerError("stale-plan", message, { hint: "plan again" });

const major = (name: string): string => name.split("/")[1]?.split(".")[0] ?? "";

/** Refuses a plan of another environment or another major version. */
const checkMaker = (context: Context, plan: Plan): void => {
  const { environment } = context.files;
  if (plan.environment !== environment) {
    throw stale(`the plan is for the environment "${plan.environment}", not "${environment}"`);
  }
  if (major(plan.tool) !== major(tool)) throw stale(`the plan was made by ${plan.tool}; this is ${tool}`);
};

/** Refuses a plan for targets that are something else now. */
const checkTargets = (plan: Plan, targets: ReadonlyMap<string, Target<InfinoClient>>): void => {
  for (const [name, target] of targets) {
    const planned = plan.targets[name];
    if (planned?.identity === target.identity) continue;
    throw stale(
      `the plan is for the target "${name}" at ${planned?.endpoint ?? "another address"}, which is ${target.endpoint} now`,
    );
  }
};

/** What the files protect by now stays, though the plan was made before: such tenants are refused. */
const refuseProtected = (context: Context, plan: Plan): Plan => {
  const isProtected = matcher(context.files.protected);
  const refused = new Set(plan.refusals.map(({ tenant }) => tenant));
  const going = plan.changes.filter(
    ({ op, kind, entity, tenant }) =>
      (op === "delete" || op === "replace") && !refused.has(tenant) && isProtected(address(kind, entity._id)),
  );
  const refusals = [...Map.groupBy(going, ({ tenant }) => tenant)].map(([tenant, changes]): Refusal => {
    const resources = changes.map(({ kind, entity }) => address(kind, entity._id));
    return {
      guard: "protected",
      tenant,
      message: `tenant ${tenant}: the plan would take away what protected: names by now: ${some(resources)}`,
      hint: "plan again; keep the component, or take away the glob under protected:",
      resources,
    };
  });
  return { ...plan, refusals: [...plan.refusals, ...refusals] };
};

/** What the files leave to others by now stays, though the plan was made before. */
const checkIgnored = (context: Context, plan: Plan, tenants: ReadonlyMap<string, Tenant>): void => {
  const keeps = keepsField(context.files, tenants);
  const names = plan.changes.flatMap(({ op, tenant, kind, entity, fields = [] }) =>
    fields.flatMap((field) => {
      // A secret may be written because the plan was asked to, whatever the rules say.
      const isRuled = (op === "update" || op === "replace") && field.class !== "unknown";
      if (!isRuled || keeps(tenant, kind, field)) return [];
      return [`${address(kind, entity._id)} ${segments(field.path).join(".")}`];
    }),
  );
  if (names.length === 0) return;
  throw stale(`the plan would write what ignore: or on_drift: leaves alone by now: ${some(names)}`);
};

/** The tenants of a plan, read again: their files must ask for what the plan was made from. */
const readPlanned = async (context: Context, plan: Plan): Promise<ReadonlyMap<string, ReadTenant>> => {
  const wanted = Object.entries(plan.tenants).filter(([, { inputs }]) => inputs !== "");
  if (wanted.length === 0) return new Map();
  const tenants = wanted.map(([id]) => id);
  const { selected, diagnostics } = await readTenants(context.files, await context.index(), { tenants }, context.set);
  refuseInvalid(diagnostics);
  const read = new Map(selected.map((item) => [item.tenant.id, item]));
  const isMoved = ([id, { inputs, from }]: (typeof wanted)[number]): boolean =>
    from === undefined ? read.get(id)?.inputs !== inputs : !read.has(id);
  const moved = wanted.filter(isMoved).map(([id]) => id);
  if (moved.length > 0) {
    throw stale(
      `the files of ${moved.length === 1 ? "tenant" : "tenants"} ${some(moved)} changed since the plan was made`,
    );
  }
  return read;
};

/** Applies a plan: checks that it still fits, then does exactly what it says. */
export const applyProject = async (context: Context, whole: Plan, options: ApplyOptions): Promise<ApplyReport> => {
  checkMaker(context, whole);
  const plan = refuseProtected(context, partOfPlan(whole, options, context.files.waves));
  const read = await readPlanned(context, plan);
  checkContents(plan, [...read.values()]);
  const tenants = new Map([...read].map(([id, { tenant }]) => [id, tenant]));
  const targets = new Map<string, Target<InfinoClient>>();
  for (const name of Object.keys(plan.targets)) targets.set(name, await context.target(name));
  checkTargets(plan, targets);
  checkIgnored(context, plan, tenants);
  const ledger = await context.ledger();
  const print = await context.fingerprint();
  const never = new AbortController().signal;
  const rim: Rim<InfinoClient> = {
    targets,
    ledger,
    secret: (tenant, text) => context.secrets(tenants.get(tenant)).resolve(text, options.abort),
    fingerprint: print,
    clock: () => context.clock(),
    sleep,
    report: context.report,
    signal: options.abort ?? never,
  };
  const started = context.clock();
  const startedAt = new Date(started).toISOString();
  const run = randomUUID();
  const command = options.command ?? "apply";
  const requests = (): number => [...targets.values()].reduce((sum, target) => sum + target.requests(), 0);
  const before = requests();
  const record = { id: run, command, environment: plan.environment, started: startedAt, planDigest: plan.digest };
  const isRefused = plan.refusals.some((refusal) => refusal.tenant === undefined);
  await ledger.begin(record);
  try {
    const refused = new Set(plan.refusals.map((refusal) => refusal.tenant));
    if (!isRefused && Object.keys(plan.tenants).some((tenant) => !refused.has(tenant))) {
      for (const [name, { endpoint, identity, account }] of targets) {
        await ledger.pinTarget(name, { endpoint, identity, ...(account === undefined ? {} : { account }) });
      }
    }
    const applied = await applyPlan(rim, plan, {
      holder: localHolder(run),
      parallelism: options.parallelism ?? 10,
      onError: options.onError ?? "continue",
      stop: options.signal ?? never,
      waves: context.files.waves,
      refusesDrift: refusesDrift(context.files, tenants),
      acceptUnresolved: options.acceptUnresolved ?? false,
      wait:
        options.wait === undefined
          ? undefined
          : {
              timeout: options.wait.timeout ?? waitTimeout,
              quiet: quietTenants(context, tenants, (tenant) => ledger.entries(tenant)),
            },
    });
    const awaited = applied.results.flatMap(({ health }) => health ?? []);
    const healthy = awaited.filter((health) => health.healthy).length;
    await ledger.end({
      ...record,
      ended: new Date(context.clock()).toISOString(),
      summary: applied.summary,
      requests: requests() - before,
      exit: runOutcome(applied),
    });
    return {
      type: "apply-report",
      schemaVersion: 1,
      tool,
      environment: plan.environment,
      run,
      planDigest: plan.digest,
      startedAt,
      durationMs: Math.max(0, context.clock() - started),
      requests: requests() - before,
      interrupted: applied.interrupted,
      results: applied.results,
      refusals: applied.refusals,
      summary: applied.summary,
      ...(options.wait === undefined ? {} : { waited: { healthy, unhealthy: awaited.length - healthy } }),
    };
  } catch (error) {
    const ended = new Date(context.clock()).toISOString();
    await ledger
      .end({ ...record, ended, requests: requests() - before, exit: failureOutcome(error) })
      .catch(() => undefined);
    throw error;
  }
};
