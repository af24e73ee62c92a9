import type { CustomResource, CustomResourceOptions } from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { Connection, Dataset, FileUpload, ImportJob, TenantDeployment } from "../../src/pulumi/index.ts";
import { pointer } from "../../src/pulumi/pointer.ts";
import { pulumi } from "../../src/pulumi/sdk.ts";
import { mockMonitor, type Registered, resolved } from "../support/pulumi/class-mocks.ts";
import { classSource } from "../support/pulumi/class-source.ts";

const planted = "planted-class-secret";

type Make = (name: string, opts?: CustomResourceOptions) => CustomResource;
type Class = {
  readonly name: string;
  readonly provider: string;
  readonly make: Make;
  readonly get?: Make;
  readonly secretOutputs: readonly string[];
  readonly deletesFirst: boolean;
};

const crm = (name: string) => ({
  source: "elasticsearch",
  auth: "api_key",
  name,
  config: { base_url: "http://127.0.0.1:1", api_key: pulumi.secret(planted) },
});

const classes: readonly Class[] = [
  {
    name: "Connection",
    provider: "connection",
    make: (name, opts) => new Connection(name, crm(name), opts),
    get: (name, opts) => Connection.get(name, "conn-1", {}, opts),
    secretOutputs: ["live"],
    deletesFirst: true,
  },
  {
    name: "ImportJob",
    provider: "import-job",
    make: (name, opts) =>
      new ImportJob(name, { connection: "conn-1", source: "elasticsearch", targetDataset: name }, opts),
    get: (name, opts) => ImportJob.get(name, "job-1", {}, opts),
    secretOutputs: ["live"],
    deletesFirst: true,
  },
  {
    name: "Dataset",
    provider: "dataset",
    make: (name, opts) => new Dataset(name, {}, opts),
    get: (name, opts) => Dataset.get(name, "contacts", {}, opts),
    secretOutputs: ["live"],
    deletesFirst: false,
  },
  {
    name: "FileUpload",
    provider: "file-upload",
    make: (name, opts) => new FileUpload(name, { dataset: name, path: "data/regions.csv" }, opts),
    get: (name, opts) => FileUpload.get(name, "regions", {}, opts),
    secretOutputs: ["live"],
    deletesFirst: false,
  },
  {
    name: "TenantDeployment",
    provider: "tenant-deployment",
    make: (name, opts) => new TenantDeployment(name, { project: "deploy" }, opts),
    secretOutputs: [],
    deletesFirst: true,
  },
];

const outputsOf = ({ name, provider }: Class): readonly string[] => classSource(`${provider}.ts`, name).outputs;
const classOf = (type: string): Class | undefined => classes.find(({ name }) => type.endsWith(`:${name}`));
const getters = ["connectionId", "jobId"];

let registered: readonly Registered[] = [];
beforeAll(async () => {
  // Each output has a value of its own.
  registered = await mockMonitor((type) => {
    const found = classOf(type);
    return Object.fromEntries(found === undefined ? [] : outputsOf(found).map((output) => [output, `the ${output}`]));
  });
});

let count = 0;
/** What reached the engine for one resource. */
const register = async (make: Make, opts?: CustomResourceOptions): Promise<Registered> => {
  const name = `class-${++count}`;
  const resource = make(name, opts);
  await resolved(resource, "urn");
  const found = registered.find((request) => request.name === name);
  if (found === undefined) throw new Error(`${name} was not registered`);
  return found;
};

describe.each(classes)("$name", (of) => {
  it("has every output that its text declares, and nothing overwrites it", async () => {
    const resource = of.make(`class-${++count}`);
    const outputs = outputsOf(of);
    expect(outputs.length).toBeGreaterThan(5);
    for (const output of outputs) {
      expect([output, await resolved(resource, output)]).toEqual([
        output,
        getters.includes(output) ? "live-1" : `the ${output}`,
      ]);
    }
    expect(await resolved(resource, "id")).toBe("live-1");
  });

  it("reaches the engine with the pointer, and with what is secret and what comes first", async () => {
    const found = await register(of.make);
    expect(found.type).toBe(`pulumi-nodejs:dynamic/connector-deployer:${of.name}`);
    expect(found.inputs["__provider"]).toBe(pointer(of.provider));
    expect([...found.secretOutputs].sort()).toEqual(of.secretOutputs);
    expect(found.deletesFirst).toBe(of.deletesFirst);
    expect(found.hidden).toContain("__provider");
  });

  it("passes on what every resource may be told", async () => {
    const found = await register(of.make, {
      protect: true,
      aliases: [{ name: "former" }],
      additionalSecretOutputs: ["endpoint"],
      ignoreChanges: ["adopt"],
    });
    expect(found).toMatchObject({ protect: true, aliases: ["former"], ignoreChanges: ["adopt"] });
    expect([...found.secretOutputs].sort()).toEqual([...of.secretOutputs, "endpoint"].sort());
  });

  it("has no output that its arguments did not ask for in what it sends", async () => {
    const { inputs } = await register(of.make);
    for (const output of ["status", "statusReason", "endpoint", "live"]) expect(inputs).not.toHaveProperty(output);
  });
});

describe.each(classes.filter(({ get }) => get !== undefined))("a look-up of $name", (of) => {
  it("reads by the id, registers nothing, and has every output", async () => {
    const name = `class-${++count}`;
    const resource = of.get?.(name);
    if (resource === undefined) throw new Error("it has no get");
    const id = await resolved(resource, "id");
    expect(["conn-1", "job-1", "contacts", "regions"]).toContain(id);
    expect(registered.map((request) => request.name)).not.toContain(name);
    for (const output of outputsOf(of)) {
      expect(await resolved(resource, output)).toBe(getters.includes(output) ? id : `the ${output}`);
    }
  });
});

describe("a secret", () => {
  it("reaches the engine as a secret, also where the program gives it in clear", async () => {
    const plain = await register((name, opts) => {
      const { config, ...rest } = crm(name);
      return new Connection(name, { ...rest, config: { ...config, api_key: planted } }, opts);
    });
    const marked = await register((name, opts) => new Connection(name, crm(name), opts));
    for (const { inputs } of [plain, marked]) {
      const { api_key } = inputs["config"] as { readonly api_key: object };
      expect(api_key).toEqual({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: planted,
      });
    }
  });
});

describe("a job of a connection", () => {
  it("takes its id and its source", async () => {
    const found = await register((name, opts) => {
      const connection = new Connection(`${name}-crm`, crm(`${name}-crm`));
      return new ImportJob(name, { connection, targetDataset: name }, opts);
    });
    expect(found.inputs).toMatchObject({ connection: "live-1", source: "the source" });
  });
});
