import { expect, it } from "vitest";
import type { ImportItem, ImportSettings } from "../../../src/pulumi/stacks/index.ts";
import { importFile } from "../../../src/pulumi/stacks/index.ts";

const connection: ImportItem = {
  kind: "connection",
  _id: "acme-t001-crm",
  id: "conn-1",
  target: "eu",
  endpoint: "http://127.0.0.1:1",
  properties: { source: "elasticsearch", auth: "api_key", config: { name: "acme-t001-crm", base_url: "http://a" } },
  live: { source: "elasticsearch", config: { name: "acme-t001-crm", base_url: "http://a" } },
  health: { status: "error", reason: "refused" },
  fingerprints: { "/config/api_key": "digest" },
};

const upload: ImportItem = {
  kind: "file",
  _id: "acme-t001-upload",
  id: "acme-t001-regions",
  target: "eu",
  endpoint: "http://127.0.0.1:1",
  properties: { dataset: "acme-t001-regions", path: "data/regions.csv", format: "auto", content: "sha256:0" },
  live: { dataset: "acme-t001-regions" },
  fingerprints: {},
};

const settings: ImportSettings = {
  folder: "/program",
  project: "../deploy",
  environment: "stage",
  catalogFiles: ["catalog/own.yaml"],
  tenant: "t001",
};

const entries = (items: readonly ImportItem[], more: Partial<ImportSettings> = {}) =>
  JSON.parse(importFile(items, { ...settings, ...more })).resources;

it("an import file has the tenant as the parent, and what class and provider would have recorded", () => {
  const target = { project: "../deploy", environment: "stage", name: "eu" };
  const [parent, child] = entries([connection]);
  expect(parent).toEqual({
    type: "connector-deployer:index:Tenant",
    name: "t001",
    component: true,
    inputs: { project: "../deploy", environment: "stage", tenant: "t001" },
    outputs: { ids: { "acme-t001-crm": "conn-1" } },
  });
  const __provider = expect.stringContaining("providers/v1/connection");
  const inputs = {
    source: "elasticsearch",
    auth: "api_key",
    name: "acme-t001-crm",
    config: { base_url: "http://a" },
    target,
    catalog: ["../deploy/catalog/own.yaml"],
    __provider,
    // In the arguments too, by which a check tells what is left out.
    fingerprints: { "/config/api_key": "digest" },
  };
  expect(child).toEqual({
    type: "pulumi-nodejs:dynamic/connector-deployer:Connection",
    name: "acme-t001-crm",
    id: "conn-1",
    parent: "t001",
    inputs,
    outputs: {
      ...inputs,
      connectionId: "conn-1",
      endpoint: "http://127.0.0.1:1",
      live: connection.live,
      status: "error",
      statusReason: "refused",
    },
  });
});

it("a file's path starts at the program's folder, with the digest of its content", () => {
  expect(entries([upload])[1].inputs).toMatchObject({
    path: "../deploy/data/regions.csv",
    content: "sha256:0",
    dataset: "acme-t001-regions",
  });
});

it("a resource that is called like the tenant has a parent all the same", () => {
  const [parent, child] = entries([{ ...connection, _id: "t001" }]);
  expect(parent).toMatchObject({ name: "t001-tenant", logicalName: "t001" });
  expect(child).toMatchObject({ name: "t001", parent: "t001-tenant" });
});

it("a program of its own has no tenant, and the default environment is not said twice", () => {
  const flat: Partial<ImportSettings> = { environment: "default", catalogFiles: [] };
  const { tenant: _, ...rest } = { ...settings, ...flat };
  const { resources } = JSON.parse(importFile([connection], rest));
  expect(resources).toHaveLength(1);
  expect(resources[0]).not.toHaveProperty("parent");
  expect(resources[0].inputs).not.toHaveProperty("catalog");
  expect(entries([connection], flat)[0].inputs).toEqual({ project: "../deploy", tenant: "t001" });
});
