import type { CustomResource, CustomResourceOptions } from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection, Dataset, FileUpload, ImportJob, TenantDeployment } from "../../src/pulumi/index.ts";
import { pulumi } from "../../src/pulumi/sdk.ts";
import { mockMonitor, type Registered, resolved } from "../support/pulumi/class-mocks.ts";
import { type Stage, startStage } from "../support/pulumi/stage.ts";

let registered: readonly Registered[] = [];
beforeAll(async () => {
  registered = await mockMonitor(() => ({}));
});

type Make = (name: string, given: never, opts?: CustomResourceOptions) => CustomResource;

let count = 0;
const register = async (make: Make, given: unknown): Promise<Registered | undefined> => {
  const name = `given-${++count}`;
  await resolved(make(name, given as never), "urn");
  return registered.find((request) => request.name === name);
};

const kinds: readonly (readonly [string, Make])[] = [
  ["Connection", (name, given, opts) => new Connection(name, given, opts)],
  ["Dataset", (name, given, opts) => new Dataset(name, given, opts)],
  ["FileUpload", (name, given, opts) => new FileUpload(name, given, opts)],
  ["ImportJob", (name, given, opts) => new ImportJob(name, given, opts)],
];
const tenantDeployment: Make = (name, given, opts) => new TenantDeployment(name, given, opts);

describe.each([...kinds, ["TenantDeployment", tenantDeployment] as const])(
  "the arguments of %s in a program without types",
  (_, make) => {
    it("reach the provider where they are unknown, and are left out where they have no value", async () => {
      const found = await register(make, { overwriteDrfit: true, foo: undefined });
      expect(found?.inputs).toHaveProperty("overwriteDrfit");
      expect(found?.inputs).not.toHaveProperty("foo");
    });

    it("may be missing: the provider says of what", async () => {
      expect(await register(make, undefined)).toBeDefined();
      expect(await register(make, null)).toBeDefined();
    });

    it("fail by the resource's name where they are no object", () => {
      for (const wrong of [5, "text", [1]]) {
        expect(() => make("acme-wrong", wrong as never)).toThrow(/"acme-wrong"/);
      }
    });
  },
);

it.each(kinds)("unknown arguments of %s fail by their name where nothing could check them", (_, make) => {
  expect(() => make("acme-lookup", { foo: 1 } as never, { id: "some-id" })).toThrow(/"acme-lookup".*"foo"/);
  expect(() => make("acme-id", { urn: "x" } as never)).toThrow(/"acme-id".*"urn"/);
});

it.each(kinds)("values of unknown arguments of %s do not reach the engine, which would print them", async (_, make) => {
  const found = await register(make, { api_key: pulumi.secret("planted"), password: "planted" });
  expect(Object.keys(found?.inputs ?? {})).toEqual(expect.arrayContaining(["api_key", "password"]));
  expect(JSON.stringify(found)).not.toContain("planted");
});

it("a configuration of a connection may be missing, and is an error where it is no object", async () => {
  const make: Make = (name, given) => new Connection(name, given);
  expect(await register(make, { source: "elasticsearch", config: null })).toBeDefined();
  for (const config of [5, "planted", ["planted"]]) {
    expect(() => make(`acme-crm-${++count}`, { source: "elasticsearch", config } as never)).toThrow(
      /^"acme-crm-\d+": "config" must be an object with the fields of the connection type$/,
    );
  }
});

it("a target that is only known later is no error", async () => {
  const target = pulumi.output({ env: "OUR_ENDPOINT" });
  await pulumi.runtime.runInPulumiStack(async () => {
    for (const given of [{ target }, { target: { endpoint: target } }, { target: Promise.resolve({}) }]) {
      expect(new Dataset(`later-${++count}`, given as never)).toBeDefined();
    }
  });
});

it("an argument that is an output of the class is an error that names it", () => {
  const given = { connection: "c", targetDataset: "d", jobId: "j" };
  let error: unknown;
  try {
    new ImportJob(`acme-job-${++count}`, given);
  } catch (thrown) {
    error = thrown;
  }
  expect(pulumi.RunError.isInstance(error) ? error.message : "").toMatch(/"acme-job-\d+": "jobId"/);
});

describe("what a program gives and nobody knows", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage("connection");
  });
  afterAll(() => stage.stop());

  it.each([
    ["a dataset", 'new Dataset("acme", { on_delete: "delete" })', "on_delete", "onDelete"],
    ["a connection", 'new Connection("acme", { overwriteDrfit: true })', "overwriteDrfit", "overwriteDrift"],
    ["an output", 'new Dataset("acme", { status: "x" })', "status", "arguments are"],
    ["no configuration", 'new Connection("acme", { source: "elasticsearch", config: null })', "config", "required"],
    ["nothing for a job", 'new ImportJob("acme", {})', "targetDataset", "required"],
    ["nothing for an upload", 'new FileUpload("acme", {})', "path", "required"],
  ])("fails the preview by its name: %s", async (_, text, property, hint) => {
    const engine = stage.engine();
    const classes = "Connection, Dataset, FileUpload, ImportJob";
    const program = stage.program(`import { ${classes} } from "connector-deployer/pulumi";\n${text};\n`);
    const preview = await engine.preview(program);
    expect(preview.ok).toBe(false);
    expect(preview.log).toContain(`${property}: `);
    expect(preview.log).toContain(hint);
  });
});
