import type { Base, Live, Properties, Resource, Shape, Situation } from "../../src/contract/index.ts";

export const shape: Shape = {
  schema: {},
  secret: ["/config/key"],
  writeOnly: ["/query"],
  immutable: ["/source"],
  unordered: ["/config/tags"],
  local: ["/on_delete"],
  defaults: { "/config/timeout": 30 },
};

export const properties: Properties = {
  source: "a",
  config: { name: "n", key: { $secret: "$SECRET(k)", fingerprint: "f1" }, timeout: 60 },
};

const readable: Properties = { source: "a", config: { name: "n", timeout: 60 } };

export const resource = (own: Properties = properties): Resource => ({
  tenant: "t",
  kind: "thing",
  _id: "x",
  properties: own,
});

export const live = (own: Properties = readable, id = "id-1"): Live => ({ id, properties: own, updatedAt: "u1" });

export const base = (facts: Partial<Base> = {}): Base => ({
  target: "default",
  resource: resource(),
  id: "id-1",
  applied: properties,
  echo: readable,
  updatedAt: "u1",
  driver: "engine",
  state: "live",
  ...facts,
});

/** Desired, ours and equal, unless said otherwise; `undefined` takes a member out. */
export const situation = (facts: { [Member in keyof Situation]?: Situation[Member] | undefined } = {}): Situation => {
  const all = {
    tenant: "t",
    target: "default",
    kind: "thing",
    _id: "x",
    shape,
    desired: resource(),
    base: base(),
    live: [live()],
    readable: true,
    adopt: false,
    protected: false,
    keepsData: false,
    updatable: true,
    referenceMoves: false,
    trustsUpdatedAt: true,
    canUnset: true,
    rewritesSecrets: false,
    rewritesUnknown: false,
    keep: () => true,
    ...facts,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Situation;
};
