import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CatalogField } from "../../src/catalog/index.ts";
import { builtinCatalog } from "../../src/catalog/index.ts";
import type { Json, Properties, Resource } from "../../src/contract/index.ts";
import { isObject } from "../../src/contract/index.ts";
import { signal, workbench } from "./workbench.ts";

/** Any value that the catalog allows for a field; `json` texts and numbers of sources that follow from others stay out. */
const anyValue = ({ type, subtype, secret }: CatalogField): fc.Arbitrary<Json> => {
  if (secret === true) return fc.constant({ $secret: "$SECRET(crm_key)" });
  if (subtype === "url") return fc.webUrl();
  switch (type) {
    case "integer":
      return fc.integer({ min: 1, max: 1000 });
    case "number":
      return fc.double({ min: 0, max: 1000, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 3 });
    case "object":
      return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ minLength: 1 }), { minKeys: 1, maxKeys: 3 });
    default:
      return fc.string({ minLength: 1, unit: "grapheme", maxLength: 40 }).filter((text) => text.trim() !== "");
  }
};

/** Any connection of any type of the catalog; optional fields come and go. */
const anyConnection: fc.Arbitrary<{ readonly resource: Resource; readonly optional: readonly string[] }> = fc
  .constantFrom(
    ...builtinCatalog()
      .list()
      .flatMap((type) => type.connections.map((connection) => ({ source: type.id, connection }))),
  )
  .filter(({ connection }) => connection.fields.every(({ subtype }) => subtype !== "json"))
  .chain(({ source, connection }) => {
    const fields = connection.fields.filter((field) => field.derived_from === undefined && field.name !== "name");
    const config = fc.record(Object.fromEntries(fields.map((field) => [field.name, anyValue(field)])), {
      requiredKeys: fields.flatMap((field) => (field.required ? [field.name] : [])),
    });
    return config.map((values) => ({
      resource: {
        tenant: "t001",
        kind: "connection",
        _id: "acme-t001-any",
        properties: { source, auth: connection.type, config: { name: "acme-t001-any", ...(values as Properties) } },
      },
      optional: fields.flatMap(({ name, required, secret }) =>
        !required && secret !== true && name in values ? [name] : [],
      ),
    }));
  });

const without = (resource: Resource, name: string): Resource => {
  const { config } = resource.properties;
  const rest = Object.fromEntries(Object.entries(isObject(config) ? config : {}).filter(([key]) => key !== name));
  return { ...resource, properties: { ...resource.properties, config: rest } };
};

describe("for any resource", () => {
  it("the plan after an apply is empty, and what is taken out of the files goes live", {
    timeout: 120_000,
  }, async () => {
    let removed = 0;
    await fc.assert(
      fc.asyncProperty(anyConnection, async ({ resource, optional }) => {
        await using bench = await workbench();
        const applied = await bench.deploy({ t001: [resource] });
        expect(applied.results).toMatchObject([{ outcome: "done" }]);
        expect((await bench.plan({ t001: [resource] })).changes).toEqual([]);
        expect(await bench.drift()).toEqual([]);
        for (const name of optional) {
          const rest = without(resource, name);
          await bench.deploy({ t001: [rest] });
          const [live] = await bench.api.listConnections(signal);
          const type = builtinCatalog().get(String(resource.properties["source"]));
          const field = type?.connections
            .find(({ type }) => type === resource.properties["auth"])
            ?.fields.find((item) => item.name === name);
          expect([undefined, null, field?.default]).toContainEqual(live?.config?.[name]);
          expect((await bench.plan({ t001: [rest] })).changes).toEqual([]);
          await bench.deploy({ t001: [resource] });
          removed++;
        }
      }),
      { numRuns: 25 },
    );
    expect(removed).toBeGreaterThan(10);
  });
});
