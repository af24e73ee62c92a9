import { expect, it } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { connectionAdapter } from "../../src/pulumi/lifecycle/connection-adapter.ts";
import { failureOf, never, providerStage } from "../support/pulumi/provider-stage.ts";

const named = (name: string): Properties => ({
  source: "elasticsearch",
  auth: "api_key",
  name,
  config: { base_url: "http://127.0.0.1:1", api_key: "planted-api-key-0" },
});

const stage = async () => {
  const made = await providerStage();
  const first = await made.start(connectionAdapter).create(named("first"));
  const names = async () => (await made.other.listConnections(never)).map(({ config }) => config?.["name"]).sort();
  return { ...made, id: first.id, outs: first.outs ?? {}, names };
};

it("a connection is not renamed to what somebody else's is called, which is named", async () => {
  const { start, other, id, outs, names, writesOf } = await stage();
  const config = { name: "second", base_url: "http://127.0.0.1:1", api_key: "theirs" };
  const { connection_id } = await other.createConnection("elasticsearch", config, never);
  const provider = start(connectionAdapter);
  for (const more of [{}, { overwriteDrift: true }]) {
    const written = await writesOf(async () => {
      const failure = await failureOf(provider.update(id, outs, { ...named("second"), ...more }));
      expect(failure).toMatchObject({ code: "blocked", message: expect.stringContaining(connection_id) });
    });
    expect(written).toEqual([]);
  }
  expect(await names()).toEqual(["first", "second"]);
  await provider.update(id, outs, named("third"));
  expect(await names()).toEqual(["second", "third"]);
});

it("two connections of a program may swap their names", async () => {
  const { start, id, outs, names } = await stage();
  const second = await start(connectionAdapter).create(named("second"));
  const provider = start(connectionAdapter);
  await provider.diff(id, outs, named("second"));
  await provider.diff(second.id, second.outs ?? {}, named("first"));
  await Promise.all([
    provider.update(id, outs, named("second")),
    provider.update(second.id, second.outs ?? {}, named("first")),
  ]);
  expect(await names()).toEqual(["first", "second"]);
});

it("two connections of a program are not renamed to one name", async () => {
  const { start, id, outs, names } = await stage();
  const second = await start(connectionAdapter).create(named("second"));
  const provider = start(connectionAdapter);
  await provider.diff(id, outs, named("third"));
  await provider.diff(second.id, second.outs ?? {}, named("third"));
  const results = await Promise.allSettled([
    provider.update(id, outs, named("third")),
    provider.update(second.id, second.outs ?? {}, named("third")),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await names()).toHaveLength(2);
  expect(new Set(await names()).size).toBe(2);
});

it("a rename that was refused takes no name", async () => {
  const { start, other, id, outs, names } = await stage();
  await other.updateConnection(id, { base_url: "http://127.0.0.1:2" }, never);
  const provider = start(connectionAdapter);
  expect(await failureOf(provider.update(id, outs, named("third")))).toMatchObject({
    code: "blocked",
    message: expect.stringContaining("config.base_url"),
  });
  await provider.create(named("third"));
  expect(await names()).toEqual(["first", "third"]);
});
