import { digest } from "../canonical.ts";
import type { Change, EntityProblem, GivenEntity, Plan } from "../contract/index.ts";
import { address, basedOn, basis, changeResource, readEntities, sealPlan } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { renameEntries } from "../engine/index.ts";
import { DeployerError } from "../errors.ts";
import { infinoKinds } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { askedOf, basedOnGiven } from "./given-entities.ts";
import type { Prepared } from "./plan-project.ts";
import { fromLedger, planTenants } from "./plan-project.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { readdressed, resolveSealed, sealResources } from "./seal.ts";
import { checkSelection } from "./selection.ts";
import type { EntitiesOptions } from "./types.ts";

/** By tenant, the entities by what they are about. */
type Named = ReadonlyMap<string, ReadonlyMap<string, GivenEntity>>;

const refuseProblems = (file: string, problems: readonly EntityProblem[]): void => {
  const diagnostics = problems
    .toSorted((a, b) => a.line - b.line)
    .map(
      ({ line, code, message, hint }): Diagnostic => ({
        code,
        severity: "error",
        message,
        hint,
        location: { file, line, column: 1 },
      }),
    );
  if (diagnostics.length === 0) return;
  const count = diagnostics.length === 1 ? "1 error" : `${diagnostics.length} errors`;
  throw new DeployerError("invalid-files", `the entities have ${count}; nothing was written`, {
    details: { diagnostics },
  });
};

const addressOf = ({ kind, entity }: Change): string => address(kind, entity._id);

/**
 * What the entities are about, and what has to be made anew with it: what refers to something that is replaced, and what
 * is gone that it refers to.
 */
const belonging = (changes: readonly Change[], named: Named): readonly Change[] => {
  const key = (tenant: string, name: string): string => JSON.stringify([tenant, name]);
  const isNamed = (change: Change): boolean => named.get(change.tenant)?.has(addressOf(change)) === true;
  const kept = new Map(changes.filter(isNamed).map((change) => [key(change.tenant, addressOf(change)), change]));
  const isNew = (change: Change | undefined): boolean => change?.op === "replace" || change?.op === "insert";
  for (let before = -1; before !== kept.size; ) {
    before = kept.size;
    for (const change of changes.filter((one) => isNew(one) || one.from !== undefined)) {
      const own = key(change.tenant, addressOf(change));
      const isUser = change.dependsOn.some((name) => isNew(kept.get(key(change.tenant, name))));
      const isUsed = [...kept.values()].some(
        (other) => other.tenant === change.tenant && other.dependsOn.includes(addressOf(change)),
      );
      if (isUser || isUsed) kept.set(own, change);
    }
  }
  return changes
    .filter((change) => kept.has(key(change.tenant, addressOf(change))))
    .map((change) => ({ ...change, dependsOn: change.dependsOn.filter((name) => kept.has(key(change.tenant, name))) }));
};

/** The change with what the entity's writer had seen: a newer live value is a conflict when it is applied. */
const withGivenBasis = (context: Context, change: Change, given: GivenEntity | undefined): Change => {
  const kind = infinoKinds.find(({ name }) => name === change.kind);
  const isWrite = ["update", "replace", "delete", "rename"].includes(change.op);
  if (given?.basedOn === undefined || kind === undefined || !isWrite) return change;
  const { properties } = changeResource(change);
  const shape = kind.shape(properties, context.files.catalog);
  const observed = basedOn(change.entity);
  const relevant = basis(shape, properties, observed, given.basedOn);
  return { ...change, entity: { ...change.entity, $based_on: basedOnGiven(observed, given.basedOn, relevant) } };
};

const countOf = (changes: readonly Change[], op: Change["op"]): number =>
  changes.filter((change) => change.op === op).length;

/** The plan with the entities' part alone: what they do not name is left as it is. */
const narrowed = (context: Context, plan: Plan, named: Named): Plan => {
  const changes = belonging(plan.changes, named).map((change) =>
    withGivenBasis(context, change, named.get(change.tenant)?.get(addressOf(change))),
  );
  const all = [...named.values()].reduce((sum, entities) => sum + entities.size, 0);
  const findings = plan.findings.filter(
    ({ tenant, kind, _id }) =>
      tenant === undefined || _id === undefined || named.get(tenant)?.has(address(kind, _id)) === true,
  );
  const isNamed = (change: Change): boolean => named.get(change.tenant)?.has(addressOf(change)) === true;
  const listed = changes.filter((change) => change.op !== "noop" && isNamed(change)).length;
  return sealPlan({
    ...plan,
    tenants: Object.fromEntries(
      Object.entries(plan.tenants).map(([id, record]) => [id, { ...record, from: "entities" as const }]),
    ),
    changes,
    prunable: [],
    findings,
    // Each delete is asked for by name.
    refusals: plan.refusals.filter(({ guard }) => guard !== "empty-desired"),
    summary: {
      ...plan.summary,
      insert: countOf(changes, "insert"),
      update: countOf(changes, "update"),
      replace: countOf(changes, "replace"),
      delete: countOf(changes, "delete"),
      rename: countOf(changes, "rename"),
      adopt: countOf(changes, "adopt"),
      forget: countOf(changes, "forget"),
      noop: Math.max(0, all - listed - findings.length),
      retained: changes.filter(({ marks }) => marks?.includes("retained") === true).length,
    },
  });
};

/**
 * Plans for desired entities in the form of the connector contract, in place of what the project's files ask for. What no
 * entity names is left alone; `_deleted: true` deletes that entity alone. Throws `invalid-files` with a diagnostic for
 * each line that is wrong.
 */
export const planEntities = async (context: Context, text: string, options: EntitiesOptions): Promise<Plan> => {
  const { files } = context;
  const { file = "entities", tenant: only, ...rest } = options;
  refuseInvalid(files.diagnostics);
  const { entities, problems } = readEntities(text, {
    vendor: files.vendor,
    kinds: infinoKinds.map(({ name }) => name),
    ...(only === undefined ? {} : { tenant: only }),
  });
  refuseProblems(file, problems);
  if (entities.length === 0) {
    const hint = "an empty file most often comes from a command that failed";
    throw new DeployerError("usage", `${file} holds no entity`, { hint });
  }
  const byTenant = Map.groupBy(entities, (entity) => entity.tenant);
  const tenants = [...byTenant.keys()].sort();
  const read = await readTenants(files, await context.index(), { tenants }, context.set);
  const known = new Set(read.ids);
  refuseProblems(
    file,
    entities.flatMap((entity): EntityProblem[] => {
      if (known.has(entity.tenant)) return [];
      const message = `the project has no tenant "${entity.tenant}"`;
      return [{ line: entity.line, code: "invalid-value", message, hint: "connector-deployer tenants lists them" }];
    }),
  );
  checkSelection({ tenants }, read.ids, files.waves);
  refuseInvalid(read.diagnostics);
  context.warn(read.diagnostics);
  const leaving = new Set(read.selected.flatMap(({ tenant }) => (tenant.state === "absent" ? [tenant.id] : [])));
  refuseProblems(
    file,
    entities.flatMap((entity): EntityProblem[] => {
      if (!leaving.has(entity.tenant) || entity.deleted) return [];
      const message = `tenant ${entity.tenant} is leaving: its file says "state: absent"`;
      return [
        { line: entity.line, code: "invalid-value", message, hint: "nothing is made or changed for it any more" },
      ];
    }),
  );
  const print = await context.fingerprint();
  const prepared: Prepared[] = [];
  const named = new Map<string, ReadonlyMap<string, GivenEntity>>();
  const wrong: EntityProblem[] = [];
  for (const { tenant } of read.selected) {
    const given = byTenant.get(tenant.id) ?? [];
    const ledger = await fromLedger(context, tenant.id);
    const asked = await askedOf(files, tenant.id, given, ledger.entries);
    wrong.push(...asked.problems);
    named.set(tenant.id, asked.named);
    const secrets = context.secrets(tenant);
    const isNamed = ({ kind, _id }: { readonly kind: string; readonly _id: string }): boolean =>
      asked.named.has(address(kind, _id));
    const values = asked.moves.length === 0 ? new Map() : await resolveSealed(ledger.entries, secrets);
    prepared.push({
      tenant: tenant.id,
      target: tenant.target,
      ...(tenant.wave === undefined ? {} : { wave: tenant.wave }),
      desired: [
        ...(await sealResources(asked.desired.filter(isNamed), secrets, print)),
        ...asked.desired.filter((resource) => !isNamed(resource)),
      ],
      inputs: digest(given.map(({ line: _, ...entity }) => entity)),
      leaving: false,
      vanished: false,
      systems: [],
      ledger: ledger.ledger,
      ...renameEntries(ledger.entries, ledger.open, asked.desired, asked.moves, (base, _id) =>
        readdressed(base, _id, values, print),
      ),
    });
  }
  refuseProblems(file, wrong);
  const selected = new Map(read.selected.map(({ tenant }) => [tenant.id, tenant]));
  // What has to go is asked for by name; everything else that is owned is desired as it is.
  const plan = await planTenants(context, prepared, selected, { ...rest, prune: true });
  return narrowed(context, plan, named);
};
