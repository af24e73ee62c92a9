import type { Base, Change } from "../../src/contract/index.ts";
import type { Holder, Run } from "../../src/ledger/index.ts";

export const base = (over: Partial<Base> & { tenant?: string; _id?: string; kind?: string } = {}): Base => {
  const { tenant = "t1", _id = "acme-t1-crm", kind = "connection", ...rest } = over;
  const properties = {
    source: "elasticsearch",
    config: { base_url: "http://a", api_key: { $secret: "$SECRET(key)", fingerprint: "f1" } },
  };
  return {
    target: "default",
    resource: { tenant, kind, _id, properties },
    id: `live-${_id}`,
    applied: properties,
    echo: { source: "elasticsearch", config: { base_url: "http://a" } },
    driver: "engine",
    state: "live",
    ...rest,
  };
};

export const change = (over: Partial<Change> & { _id?: string } = {}): Change => {
  const { _id = "acme-t1-crm", ...rest } = over;
  return {
    tenant: "t1",
    target: "default",
    kind: "connection",
    op: "insert",
    entity: { _id, $based_on: {} },
    dependsOn: [],
    ...rest,
  };
};

export const holder = (run = "run-1", over: Partial<Holder> = {}): Holder => ({
  host: "elsewhere",
  bootId: "boot",
  pid: 4711,
  started: "2026-01-01T00:00:00.000Z",
  run,
  ...over,
});

export const run = (id: string, over: Partial<Run> = {}): Run => ({
  id,
  command: "apply",
  environment: "default",
  started: "2026-01-01T00:00:00.000Z",
  ...over,
});
