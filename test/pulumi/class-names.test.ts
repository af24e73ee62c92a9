import { beforeAll, describe, expect, it } from "vitest";
import { Connection, Dataset, FileUpload, ImportJob, Tenant, TenantDeployment } from "../../src/pulumi/index.ts";
import { pulumi } from "../../src/pulumi/sdk.ts";
import { mockMonitor } from "../support/pulumi/class-mocks.ts";

beforeAll(async () => {
  await mockMonitor(() => ({}));
});

/** What a program fails with; undefined where it does not. */
const failureOf = async (program: () => void): Promise<string | undefined> => {
  let failure: string | undefined;
  await pulumi.runtime.runInPulumiStack(async () => {
    try {
      program();
    } catch (error) {
      if (!pulumi.RunError.isInstance(error)) throw error;
      failure = error.message;
    }
  });
  return failure;
};

const target = { endpoint: { env: "OUR_ENDPOINT" } };
const crm = (given: object) => ({ source: "elasticsearch", auth: "api_key", config: {}, name: "acme", ...given });
const into = (given: object) => ({ connection: "conn-1", source: "elasticsearch", targetDataset: "acme", ...given });
const upload = (given: object) => ({ dataset: "acme", path: "data/regions.csv", ...given });

type Make = (name: string, given: object) => unknown;

describe.each<readonly [string, string, Make, object]>([
  ["connections", "acme", (name, given) => new Connection(name, crm(given)), { name: "beta" }],
  ["jobs", "acme", (name, given) => new ImportJob(name, into(given)), { targetDataset: "beta" }],
  ["datasets", "acme", (name, given) => new Dataset(name, { name: "acme", ...given }), { name: "beta" }],
  ["uploads", "acme", (name, given) => new FileUpload(name, upload(given)), { dataset: "beta" }],
])("two %s of one program that are the same object", (_, shown, make, other) => {
  it("are an error that names both, before anything is sent", async () => {
    const message = await failureOf(() => [make("one", {}), make("two", {})]);
    for (const text of ['"one"', '"two"', shown, "another name"]) expect(message).toContain(text);
  });

  it("are two where their targets or their names differ, or are not known yet", async () => {
    const [property] = Object.keys(other);
    const later = { [property ?? ""]: pulumi.output("acme") };
    expect(await failureOf(() => [make("one", {}), make("two", { target })])).toBeUndefined();
    expect(await failureOf(() => [make("one", {}), make("two", other)])).toBeUndefined();
    expect(await failureOf(() => [make("one", {}), make("two", later)])).toBeUndefined();
  });

  it("are none in two programs that one process runs", async () => {
    expect(await failureOf(() => make("one", {}))).toBeUndefined();
    expect(await failureOf(() => make("two", {}))).toBeUndefined();
  });
});

it("deploys no tenant of a project twice", async () => {
  const given = { project: "deploy", tenant: "t042" };
  const twice = () => [new TenantDeployment("one", given), new TenantDeployment("two", given)];
  expect(await failureOf(twice)).toContain("tenant t042");
  const apart = () => [
    new TenantDeployment("one", given),
    new TenantDeployment("two", { ...given, environment: "stage" }),
  ];
  expect(await failureOf(apart)).toBeUndefined();
});

it("takes the resource's name where the program gives none", async () => {
  const two = () => [new Dataset("acme"), new Dataset("other", { name: "acme" })];
  expect(await failureOf(two)).toContain("acme");
});

it("has one driver for a tenant: not its resources and a deployment of it", async () => {
  const given = { project: "deploy", tenant: "t042" };
  const both = () => [new TenantDeployment("one", given), new Tenant("two", given)];
  expect(await failureOf(both)).toContain("tenant t042");
});

it.each<readonly [string, object | undefined, RegExp]>([
  ["no arguments", undefined, /Tenant "t042": "project"/],
  ["no folder", {}, /Tenant "t042": "project"/],
  ["a folder that is no text", { project: 5 }, /Tenant "t042": "project"/],
  ["an unknown one", { project: "deploy", overwritedrift: true }, /"overwritedrift".*"overwriteDrift"/],
  ["a tenant that is not known yet", { project: "deploy", tenant: pulumi.output("t") }, /"tenant"/],
])("refuses a tenant with %s by its name", async (_, given, message) => {
  expect(await failureOf(() => new Tenant("t042", given as never))).toMatch(message);
});
