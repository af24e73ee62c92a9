import picomatch from "picomatch";
import type { Base, Change, Field, Finding, Plan } from "../contract/index.ts";
import { address, eachSealed, emptySummary, entityProperties, sealPlan, within } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { infinoKinds } from "../resources/index.ts";
import { applyProject } from "./apply-project.ts";
import type { Context } from "./context.ts";
import type { Adoption, AdoptLeft, AdoptOptions, AdoptReport } from "./ownership-types.ts";
import { planProject } from "./plan-project.ts";
import { matcher } from "./policies.ts";
import { tool } from "./version.ts";

const everything = ["**"];

const globsOf = ({ match, resources = [] }: AdoptOptions): readonly string[] => {
  if (match === "name") return resources.length === 0 ? everything : resources;
  if (resources.length > 0) return resources;
  throw new DeployerError("usage", "nothing says what to adopt", {
    hint: "name it: adopt KIND/_ID (globs), or adopt --match name for all whose name is live",
  });
};

/** Entries of all tenants, by `target kind id`. */
const owners = async (context: Context): Promise<ReadonlyMap<string, Base>> => {
  const ledger = await context.ledger();
  const entries = (await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)))).flat();
  return new Map(entries.map((entry) => [`${entry.target} ${entry.resource.kind} ${entry.id}`, entry]));
};

/** What would have to be made anew, and cannot be meant: all that another connector type has is something else. */
const impossible = (context: Context, change: Change): Field | undefined => {
  const kind = infinoKinds.find((item) => item.name === change.kind);
  if (kind?.update === undefined) return undefined;
  const { immutable } = kind.shape(entityProperties(change.entity), context.files.catalog);
  return change.fields?.find((field) => field.class !== "unknown" && within(immutable, field.path));
};

/** Addresses of what a change's resource cannot be without. */
const needs = (change: Change): readonly string[] => {
  const kind = infinoKinds.find((item) => item.name === change.kind);
  return (kind?.references(entityProperties(change.entity)) ?? []).flatMap((reference) =>
    reference.optional === true ? [] : [address(reference.kind, reference._id)],
  );
};

/** What has to be taken over with what is meant, because that refers to it. */
const neededBy = (plan: Plan, globs: readonly string[]): readonly string[] => {
  const isMeant = matcher(globs);
  const open = new Set(plan.findings.map(({ kind, _id = "" }) => address(kind, _id)));
  const adopts = plan.changes.filter(({ op, kind, entity }) => op === "adopt" && isMeant(address(kind, entity._id)));
  return [...new Set(adopts.flatMap(needs))].filter((name) => open.has(name) && !isMeant(name));
};

const shown = (value: unknown): string => JSON.stringify(value ?? null);

const about = (
  { tenant, target, kind }: Change | Finding,
  _id: string,
): Pick<AdoptLeft, "tenant" | "target" | "kind" | "_id"> => ({
  tenant: tenant ?? "",
  target,
  kind,
  _id,
});

const ofFinding = (finding: Finding, known: ReadonlyMap<string, Base>): AdoptLeft | undefined => {
  const { ids, target, kind } = finding;
  const _id = finding._id ?? "";
  const base = about(finding, _id);
  if (finding.finding === "unreadable") {
    return {
      ...base,
      ids,
      reason: finding.reason ?? "it could not be read",
      hint: "run again; if it stays so, look at the health of the target",
    };
  }
  if (finding.finding === "ambiguous") {
    const reason = finding.reason ?? `${ids.length} live objects have its identity: ${ids.join(", ")}`;
    return { ...base, ids, reason, hint: "delete or rename all but one on the target, then adopt again" };
  }
  if (finding.finding !== "adoption") return undefined;
  const owner = ids.map((id) => known.get(`${target} ${kind} ${id}`)).find((entry) => entry !== undefined);
  if (owner === undefined)
    return {
      ...base,
      ids,
      reason: "something else of the project claims it",
      hint: "connector-deployer plan shows what",
    };
  const name = address(kind, owner.resource._id);
  if (owner.resource.tenant !== finding.tenant) {
    const reason = `it is ${name} of tenant ${owner.resource.tenant}`;
    return {
      ...base,
      ids,
      reason,
      hint: `give it another name; or, if it is to change hands: connector-deployer forget ${name} -t ${owner.resource.tenant}`,
    };
  }
  const now = address(kind, _id);
  return {
    ...base,
    ids,
    reason: `it is the tenant's own ${name}`,
    hint: `connector-deployer mv ${name} ${now}, or moved: [ { from: ${name}, to: ${now} } ]`,
  };
};

type Found = Adoption & { readonly plan: Plan };

/** Of a plan that may adopt only what it adopts; no other change, finding or guard has a say in it. */
const adoptionOnly = async (
  context: Context,
  plan: Plan,
  globs: readonly string[],
  trusted: boolean,
): Promise<Found> => {
  const isMeant = matcher(globs);
  const isNamed = (name: string): boolean => globs.includes(name) && !picomatch.scan(name).isGlob;
  const ledger = await context.ledger();
  const known = await owners(context);
  const left: AdoptLeft[] = [];
  const changes: Change[] = [];
  const unsettled = new Set<string>();
  for (const tenant of Object.keys(plan.tenants)) {
    for (const { change } of await ledger.open(tenant))
      unsettled.add(`${tenant} ${address(change.kind, change.entity._id)}`);
  }
  for (const change of plan.changes) {
    const name = address(change.kind, change.entity._id);
    if (!isMeant(name)) continue;
    // What an interrupted run may have written in part is taken as it is.
    if (change.op === "noop" && change.marks === undefined && unsettled.has(`${change.tenant} ${name}`))
      changes.push(change);
    if (change.op === "insert" && isNamed(name)) {
      const reason = "nothing that is live has its name";
      left.push({
        ...about(change, change.entity._id),
        ids: [],
        reason,
        hint: "look at the name; apply makes it anew",
      });
    }
    if (change.op !== "adopt") continue;
    const field = impossible(context, change);
    if (field === undefined) {
      changes.push(trusted ? { ...change, trusted: true } : change);
      continue;
    }
    const reason = `${field.path.slice(1).replaceAll("/", ".")} is ${shown(field.from)} on the target and ${shown(field.to)} in the files: taken over, it would be replaced at once`;
    left.push({
      ...about(change, change.entity._id),
      ids: [change.id ?? ""],
      reason,
      hint: "mend the files, or give the component another name",
    });
  }
  for (const finding of plan.findings) {
    if (finding._id === undefined || !isMeant(address(finding.kind, finding._id))) continue;
    const one = ofFinding(finding, known);
    if (one !== undefined) left.push(one);
  }
  const lacking = new Set(left.map(({ kind, _id }) => address(kind, _id)));
  for (const change of changes.splice(0)) {
    const missing = needs(change).find((name) => lacking.has(name));
    if (missing === undefined) changes.push(change);
    else {
      const reason = `it needs ${missing}, which cannot be adopted`;
      left.push({
        ...about(change, change.entity._id),
        ids: [change.id ?? ""],
        reason,
        hint: `see to ${missing} first`,
      });
    }
  }
  const names = new Set(changes.map((change) => address(change.kind, change.entity._id)));
  const tenants = new Set(changes.map((change) => change.tenant));
  const targets = new Set(changes.map((change) => change.target));
  const adopts = changes.filter((change) => change.op === "adopt").length;
  return {
    items: changes.map((change) => ({
      ...about(change, change.entity._id),
      id: change.id ?? "",
      fields: (change.fields ?? []).filter((field) => !(trusted && field.class === "unknown")),
    })),
    left,
    trusted,
    plan: sealPlan({
      ...plan,
      changes: changes.map((change) => ({ ...change, dependsOn: change.dependsOn.filter((name) => names.has(name)) })),
      prunable: [],
      findings: [],
      refusals: [],
      tenants: Object.fromEntries(Object.entries(plan.tenants).filter(([tenant]) => tenants.has(tenant))),
      targets: Object.fromEntries(Object.entries(plan.targets).filter(([target]) => targets.has(target))),
      summary: { ...emptySummary, adopt: adopts, noop: changes.length - adopts, tenants: tenants.size },
    }),
  };
};

/** A secret without a value cannot be compared with what is live, now or later. */
const checkTrusted = ({ plan, trusted }: Found): void => {
  if (!trusted) return;
  const missing = new Set<string>();
  for (const { entity } of plan.changes) {
    eachSealed(entityProperties(entity), (_, sealed) => {
      if (sealed.fingerprint === undefined) missing.add(sealed.$secret);
    });
  }
  if (missing.size === 0) return;
  throw new DeployerError(
    "missing-secret",
    `these secrets have no value and cannot be trusted: ${[...missing].sort().join(", ")}`,
    {
      hint: "set them, or adopt without --trust-secrets: then they are written once",
    },
  );
};

/** What goes wrong with the whole run, whatever is adopted. */
const refuseTarget = (plan: Plan): void => {
  const refusal = plan.refusals.find((item) => item.tenant === undefined && item.guard === "other-endpoint");
  if (refusal !== undefined) throw new DeployerError("blocked", refusal.message, { hint: refusal.hint });
};

/** Takes over live objects for what the files ask for. Nothing is written to the target. */
export const adoptResources = async (context: Context, options: AdoptOptions): Promise<AdoptReport> => {
  const {
    resources: _,
    match: __,
    trustSecrets = false,
    acceptTarget = false,
    confirm,
    signal,
    abort,
    ...selection
  } = options;
  const wanted = globsOf(options);
  const planFor = (globs: readonly string[]): Promise<Plan> =>
    planProject(context, {
      ...selection,
      ...(globs === everything ? {} : { only: globs }),
      adopt: globs,
      acceptTarget,
      ...(signal === undefined ? {} : { signal }),
    });
  const first = await planFor(wanted);
  const more = neededBy(first, wanted);
  const globs = more.length === 0 ? wanted : [...wanted, ...more];
  const plan = more.length === 0 ? first : await planFor(globs);
  refuseTarget(plan);
  const found = await adoptionOnly(context, plan, globs, trustSecrets);
  checkTrusted(found);
  const { items, left, trusted } = found;
  const report = {
    type: "adopt",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    items,
    left,
    trusted,
  } as const;
  if (items.length === 0) return { ...report, results: [], interrupted: false };
  await confirm?.({ items, left, trusted });
  const { run, results, interrupted } = await applyProject(context, found.plan, {
    command: "adopt",
    ...(signal === undefined ? {} : { signal }),
    ...(abort === undefined ? {} : { abort }),
  });
  return { ...report, run, results, interrupted };
};
