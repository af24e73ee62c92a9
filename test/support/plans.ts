import type {
  Change,
  Field,
  Finding,
  Operation,
  Plan,
  Properties,
  Refusal,
  Summary,
} from "../../src/contract/index.ts";
import { emptySummary, planDigest } from "../../src/contract/index.ts";
import type { ApplyReport, DriftReport } from "../../src/deploy/index.ts";
import type { Result } from "../../src/engine/index.ts";

/** What a test says of a change; the rest is filled in. */
export type ChangeFacts = Partial<Omit<Change, "entity">> & {
  readonly _id?: string;
  readonly properties?: Properties;
};

/** A change as a plan holds it: an update of `connection/acme-t001-crm` unless said otherwise. */
export const aChange = (facts: ChangeFacts = {}): Change => {
  const { _id, properties = {}, ...rest } = facts;
  const tenant = rest.tenant ?? "t001";
  const op: Operation = rest.op ?? "update";
  return {
    tenant,
    target: "default",
    kind: "connection",
    op,
    entity: {
      _id: _id ?? `acme-${tenant}-crm`,
      _deleted: op === "delete" || op === "forget",
      $based_on: {},
      ...properties,
    },
    dependsOn: [],
    ...(op === "insert" || rest.id !== undefined ? {} : { id: `conn-${tenant}` }),
    ...rest,
  };
};

/** A difference that the files make, unless said otherwise. */
export const aField = (path: string, facts: Partial<Omit<Field, "path">> = {}): Field => ({
  path,
  class: "files",
  ...facts,
});

export const tenantId = (index: number): string => `t${String(index).padStart(3, "0")}`;

export type PlanFacts = {
  readonly changes?: readonly Change[];
  readonly prunable?: readonly Change[];
  readonly findings?: readonly Finding[];
  readonly refusals?: readonly Refusal[];
  readonly summary?: Partial<Summary>;
  readonly environment?: string;
};

const countChanges = (changes: readonly Change[]): Summary => {
  const counts = { ...emptySummary };
  for (const change of changes) counts[change.op] += 1;
  return { ...counts, tenants: new Set(changes.map((change) => change.tenant)).size };
};

/** A plan over the given changes, with counts and digest that fit. */
export const aPlan = (facts: PlanFacts = {}): Plan => {
  const { changes = [], prunable = [], findings = [], refusals = [], environment = "default" } = facts;
  const plan: Omit<Plan, "digest"> = {
    type: "plan",
    schemaVersion: 1,
    tool: "connector-deployer/0.1.0",
    createdAt: "2026-01-15T10:30:00.000Z",
    environment,
    prune: false,
    deleteData: false,
    targets: { default: { endpoint: "http://127.0.0.1:9200", identity: "1f2e" } },
    tenants: Object.fromEntries(
      [...new Set(changes.map((change) => change.tenant))].map((tenant) => [
        tenant,
        { target: "default", inputs: "in", ledger: "0" },
      ]),
    ),
    changes,
    prunable,
    findings,
    refusals,
    summary: { ...countChanges(changes), ...facts.summary },
  };
  return { ...plan, digest: planDigest(plan) };
};

export const aResult = (facts: Partial<Result> = {}): Result => {
  const tenant = facts.tenant ?? "t001";
  return {
    tenant,
    target: "default",
    kind: "connection",
    _id: `acme-${tenant}-crm`,
    op: "insert",
    outcome: "done",
    durationMs: 12,
    ...facts,
  };
};

export const anApplyReport = (facts: Partial<ApplyReport> = {}): ApplyReport => {
  const results = facts.results ?? [];
  return {
    type: "apply-report",
    schemaVersion: 1,
    tool: "connector-deployer/0.1.0",
    environment: "default",
    run: "run-1",
    planDigest: "d",
    startedAt: "2026-01-15T10:30:00.000Z",
    durationMs: 1234,
    requests: 42,
    interrupted: false,
    results,
    refusals: [],
    summary: { ...emptySummary, tenants: new Set(results.map((result) => result.tenant)).size },
    ...facts,
  };
};

export const aDriftReport = (facts: Partial<DriftReport> = {}): DriftReport => ({
  type: "drift",
  schemaVersion: 1,
  tool: "connector-deployer/0.1.0",
  environment: "default",
  items: [],
  summary: { ...emptySummary, tenants: 3 },
  ...facts,
});
