import { expect, it } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { connectionAdapter } from "../../src/pulumi/lifecycle/connection-adapter.ts";
import { datasetAdapter } from "../../src/pulumi/lifecycle/dataset-adapter.ts";
import { fileUploadAdapter } from "../../src/pulumi/lifecycle/file-upload-adapter.ts";
import { addresses, failureOf, never, providerStage, withRecords } from "../support/pulumi/provider-stage.ts";

const both = new RegExp(`${addresses.here}.*${addresses.elsewhere}.*pulumi state delete`);

/** A dataset that was made here, while the target points elsewhere by now, where somebody has one of that name. */
const moved = async () => {
  const stage = await providerStage();
  const inputs: Properties = { name: "contacts", onDelete: "delete" };
  const { id, outs = {} } = await stage.start(datasetAdapter).create(inputs);
  await stage.elsewhere.createDataset("contacts", never);
  stage.env["INFINO_ENDPOINT"] = addresses.elsewhere;
  return { ...stage, id, outs, inputs };
};

it("a dataset of the same name at another address is not read as ours", async () => {
  const { start, id, outs } = await moved();
  const failure = await failureOf(start(datasetAdapter).read(id, outs));
  expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(both) });
});

it("a dataset of the same name at another address is not deleted", async () => {
  const { start, id, outs, other, elsewhere, writesOf } = await moved();
  const written = await writesOf(async () => {
    const failure = await failureOf(start(datasetAdapter).delete(id, outs));
    expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(both) });
  });
  expect(written).toEqual([]);
  expect(await elsewhere.getDataset(id, never)).toBeDefined();
  expect(await other.getDataset(id, never)).toBeDefined();
});

it("a dataset that is kept is let go without a request, wherever the target points", async () => {
  const { start, id, outs } = await moved();
  await start(datasetAdapter).delete(id, { ...outs, onDelete: "retain" });
});

it("an update does not take a dataset of the same name at another address for ours", async () => {
  const { start, env, id, outs, inputs } = await moved();
  const news = { ...inputs, onDelete: "retain" };
  expect(await failureOf(start(datasetAdapter).update(id, outs, news))).toMatchObject({ code: "blocked" });
  // The argument may point elsewhere too, while the environment stays.
  env["INFINO_ENDPOINT"] = addresses.here;
  env["OTHER_ENDPOINT"] = addresses.elsewhere;
  const target = { endpoint: { env: "OTHER_ENDPOINT" } };
  const failure = await failureOf(start(datasetAdapter).update(id, outs, { ...inputs, target }));
  expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(both) });
});

it("a connection is neither read, changed, deleted nor called gone where another address does not know its id", async () => {
  const { start, env, writesOf } = await providerStage();
  const inputs: Properties = {
    source: "elasticsearch",
    auth: "api_key",
    name: "crm",
    config: { base_url: "http://127.0.0.1:1", api_key: "planted-api-key-0" },
  };
  const { id, outs = {} } = await start(connectionAdapter).create(inputs);
  env["OTHER_ENDPOINT"] = addresses.elsewhere;
  const target = { endpoint: { env: "OTHER_ENDPOINT" } };
  const provider = start(connectionAdapter);
  const written = await writesOf(async () => {
    for (const work of [
      () => provider.update(id, outs, { ...inputs, name: "crm-2", target }),
      () => provider.read(id, { ...outs, target }),
      () => provider.delete(id, { ...outs, target }),
    ]) {
      expect(await failureOf(work())).toMatchObject({ code: "blocked", message: expect.stringMatching(both) });
    }
  });
  expect(written).toEqual([]);
});

it("a file is not taken for one of another address either", async () => {
  const { start, intercept, writesOf } = await moved();
  intercept(withRecords(4));
  const inputs = { dataset: "contacts", path: "data.csv", content: `sha256:${"0".repeat(64)}`, onDelete: "delete" };
  const state = { ...inputs, endpoint: addresses.here, live: { dataset: "contacts" } };
  const written = await writesOf(async () => {
    for (const work of [
      () => start(fileUploadAdapter).read("contacts", state),
      () => start(fileUploadAdapter).update("contacts", state, { ...inputs, content: `sha256:${"1".repeat(64)}` }),
      () => start(fileUploadAdapter).delete("contacts", state),
    ]) {
      expect(await failureOf(work())).toMatchObject({ code: "blocked", message: expect.stringMatching(both) });
    }
  });
  expect(written).toEqual([]);
});
