import fc from "fast-check";
import { expect, it } from "vitest";
import type { ConnectorType } from "../../src/catalog/index.ts";
import { builtinCatalog } from "../../src/catalog/index.ts";
import type { Json, Properties, Resource } from "../../src/contract/index.ts";
import { signal, workbench } from "./workbench.ts";

type Connection = ConnectorType["connections"][number];
type Config = { readonly [name: string]: Json };
type Sample = {
  readonly source: string;
  readonly auth: string;
  readonly config: Config;
  readonly optional: readonly string[];
};

const value = (field: Connection["fields"][number]): fc.Arbitrary<Json> => {
  if (field.secret === true) return fc.constant({ $secret: "$SECRET(crm_key)" });
  if (field.type === "integer" || field.type === "number") return fc.integer({ min: 1, max: 10_000 });
  if (field.type === "boolean") return fc.boolean();
  if (field.name.includes("url")) return fc.constantFrom("http://127.0.0.1:9", "http://127.0.0.1:9/api");
  return fc.stringMatching(/^[a-zA-Z0-9 _.äß✓-]{1,12}$/).filter((text) => text.trim() === text && text !== "");
};

const kinds: readonly (readonly [ConnectorType, Connection])[] = builtinCatalog()
  .list()
  .filter((type) => !type.disabled && type.id !== "file")
  .flatMap((type) => type.connections.map((connection) => [type, connection] as const));

const anySample: fc.Arbitrary<Sample> = fc.constantFrom(...kinds).chain(([type, connection]) => {
  const members = Object.fromEntries(connection.fields.map((field) => [field.name, value(field)]));
  const required = connection.fields.filter((field) => field.required).map((field) => field.name);
  return fc.record(members, { requiredKeys: required }).map((config) => ({
    source: type.id,
    auth: connection.type,
    config: config as Config,
    optional: Object.keys(config).filter((name) => !required.includes(name)),
  }));
});

const allBut = (of: Config, name: string): Config =>
  Object.fromEntries(Object.entries(of).filter(([key]) => key !== name));

const resource = (_id: string, { source, auth }: Sample, config: Config): Resource => ({
  tenant: "t1",
  kind: "connection",
  _id,
  properties: { source, auth, config: { name: _id, ...config } },
});

it("for any connection: applied, it is as the files say, and the next plan is empty; a field that is taken away goes live too", async () => {
  await using bench = await workbench();
  let made = 0;
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(anySample, async (sample) => {
      const _id = `acme-t1-${made++}`;
      const desired = { t1: [resource(_id, sample, sample.config)] };
      const settings = { prune: true, maxDeletes: "100%" } as const;
      const applied = await bench.deploy(desired, settings);
      expect(applied.refusals).toEqual([]);
      expect(applied.results.map(({ outcome, error }) => error?.message ?? outcome)).not.toContain("failed");
      expect((await bench.plan(desired, settings)).changes).toEqual([]);
      const [field] = sample.optional;
      if (field === undefined) return;
      const without = { t1: [resource(_id, sample, allBut(sample.config, field))] };
      await bench.deploy(without, settings);
      expect((await bench.plan(without, settings)).changes).toEqual([]);
      const live = (await bench.api.listConnections(signal)).find(({ config }) => config?.["name"] === _id);
      const connection = kinds.find(([type, { type: auth }]) => type.id === sample.source && auth === sample.auth)?.[1];
      const otherwise = connection?.fields.find(({ name }) => name === field)?.default;
      const now = (live?.config as Properties | undefined)?.[field];
      expect([undefined, null, otherwise]).toContainEqual(now);
      removed++;
    }),
    { numRuns: 60 },
  );
  expect(removed).toBeGreaterThan(5);
}, 60_000);
