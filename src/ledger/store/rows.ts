import { equal } from "../../canonical.ts";
import type { Base, Change, Outcome } from "../../contract/index.ts";
import { isSealed } from "../../contract/index.ts";
import type { Holder, LeaseInfo, OpenIntent, PlanMark, Run, RunOperation, TargetRecord } from "../types.ts";
import type { Row } from "./steps.ts";

const json = <T>(value: unknown): T => JSON.parse(String(value)) as T;
const optional = (value: unknown): string | undefined =>
  value === null || value === undefined ? undefined : String(value);
const iso = (value: unknown): string => new Date(Number(value)).toISOString();

export const targetOf = (row: Row): TargetRecord => {
  const account = optional(row["account"]);
  return {
    endpoint: String(row["endpoint"]),
    identity: String(row["identity"]),
    ...(account === undefined ? {} : { account }),
  };
};

/** What is written of an entry; the order of the columns is the statement's. */
export const entryValues = (base: Base) =>
  [
    base.target,
    base.resource.kind,
    base.resource._id,
    base.id,
    JSON.stringify(base.resource.properties),
    JSON.stringify(base.applied),
    JSON.stringify(base.echo),
    base.updatedAt ?? null,
    base.driver,
    base.state,
  ] as const;

export const baseOf = (tenant: string, row: Row): Base => {
  const updatedAt = optional(row["updated_at"]);
  return {
    target: String(row["target"]),
    resource: { tenant, kind: String(row["kind"]), _id: String(row["_id"]), properties: json(row["properties"]) },
    id: String(row["id"]),
    applied: json(row["applied"]),
    echo: json(row["echo"]),
    ...(updatedAt === undefined ? {} : { updatedAt }),
    driver: row["driver"] as Base["driver"],
    state: row["state"] as Base["state"],
  };
};

export const changeOf = (row: Row): Change => json<Change>(row["change"]);

export const openIntentOf = (row: Row): OpenIntent => {
  const acked = optional(row["acked"]);
  return {
    change: changeOf(row),
    seen: json<readonly string[]>(row["seen"]),
    run: String(row["run"]),
    epoch: Number(row["epoch"]),
    at: iso(row["at"]),
    ...(acked === undefined ? {} : { acked }),
    ...(row["outcome"] === "uncertain" ? { outcome: "uncertain" } : {}),
  };
};

export const operationOf = (row: Row): RunOperation => {
  const outcome = optional(row["outcome"]) as Outcome | undefined;
  const reason = optional(row["reason"]);
  const durationMs = row["ended"] === null ? undefined : Math.max(0, Number(row["ended"]) - Number(row["at"]));
  return {
    tenant: String(row["tenant"]),
    target: String(row["target"]),
    kind: String(row["kind"]),
    _id: String(row["_id"]),
    op: String(row["op"]),
    at: iso(row["at"]),
    ...(outcome === undefined ? {} : { outcome }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(reason === undefined ? {} : { reason }),
  };
};

export const runOf = (row: Row): Run => json<Run>(row["body"]);

export type LeaseRow = {
  readonly epoch: number;
  readonly holder: Holder | undefined;
  readonly since: number;
  readonly expires: number;
  readonly revision: string;
  readonly plan: PlanMark | undefined;
  /** By the store's clock. */
  readonly now: number;
};

export const leaseOf = (row: Row | undefined): LeaseRow => {
  const holder = optional(row?.["holder"]);
  const digest = optional(row?.["plan"]);
  return {
    epoch: Number(row?.["epoch"] ?? 0),
    holder: holder === undefined ? undefined : json<Holder>(holder),
    since: Number(row?.["since"] ?? 0),
    expires: Number(row?.["expires"] ?? 0),
    revision: String(row?.["revision"] ?? "0"),
    plan: digest === undefined ? undefined : { digest, revision: String(row?.["plan_revision"]) },
    now: Number(row?.["now"] ?? 0),
  };
};

export const leaseInfoOf = (row: Row, isAlive: (holder: Holder) => boolean): LeaseInfo => {
  const { epoch, since, expires, now } = leaseOf(row);
  const holder = json<Holder>(row["holder"]);
  return {
    tenant: String(row["tenant"]),
    epoch,
    holder,
    since: new Date(since).toISOString(),
    expires: new Date(expires).toISOString(),
    alive: expires > now && isAlive(holder),
  };
};

export const isSamePlan = (one: PlanMark | undefined, other: PlanMark): boolean =>
  one?.digest === other.digest && one.revision === other.revision;

/** Whether the entries differ in nothing but the fingerprints of their secrets. */
export const isSameButFingerprints = (one: Base, other: Base): boolean => {
  const bare = (base: Base) =>
    JSON.stringify(base, (_, value: unknown) => (isSealed(value) ? { $secret: value.$secret } : value));
  return equal(JSON.parse(bare(one)), JSON.parse(bare(other)));
};
