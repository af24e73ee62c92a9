import type { SQLOutputValue } from "node:sqlite";
import type { Base, Change, Outcome } from "../../contract/index.ts";
import type { Holder, OpenIntent, Run, RunOperation, TargetRecord } from "../types.ts";

export type Row = Record<string, SQLOutputValue>;

const json = <T>(value: SQLOutputValue | undefined): T => JSON.parse(String(value)) as T;
const optional = (value: SQLOutputValue | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value);
const iso = (value: SQLOutputValue | undefined): string => new Date(Number(value)).toISOString();

export const targetOf = (row: Row): TargetRecord => ({
  endpoint: String(row["endpoint"]),
  identity: String(row["identity"]),
});

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

export const openIntentOf = (row: Row): OpenIntent => {
  const acked = optional(row["acked"]);
  return {
    change: json<Change>(row["change"]),
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
  return {
    tenant: String(row["tenant"]),
    kind: String(row["kind"]),
    _id: String(row["_id"]),
    op: String(row["op"]),
    ...(outcome === undefined ? {} : { outcome }),
  };
};

export const runOf = (row: Row): Run => json<Run>(row["body"]);

export type LeaseRow = {
  readonly epoch: number;
  readonly holder: Holder | undefined;
  readonly since: number;
  readonly expires: number;
};

export const leaseOf = (row: Row | undefined): LeaseRow => {
  const holder = optional(row?.["holder"]);
  return {
    epoch: Number(row?.["epoch"] ?? 0),
    holder: holder === undefined ? undefined : json<Holder>(holder),
    since: Number(row?.["since"] ?? 0),
    expires: Number(row?.["expires"] ?? 0),
  };
};
