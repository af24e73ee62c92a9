import { afterAll, beforeAll, expect, it } from "vitest";
import { credentialFingerprint } from "../../src/pulumi/lifecycle/fingerprint.ts";
import type { State } from "../support/pulumi/dynamic-host.ts";
import { args, messageOf, never, type Stage, startStage } from "../support/pulumi/stage.ts";
import { testCredentials } from "../support/service.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

const url = "http://user:planted-url-password@127.0.0.1:1";

const lacking = (state: unknown, field: string): State => {
  const { [field]: _, ...rest } = state as State;
  return rest;
};

/** A connection whose address holds a secret, and a field that can be left out, as an import file records it. */
const imported = async (field = "base_url") => {
  const { id, inputs, outs } = await stage.make(args({}, { base_url: url, timeout_secs: 30 }));
  const value = (inputs["config"] as State)[field] as string;
  const path = `/config/${field}`;
  const fingerprints = { [path]: credentialFingerprint(testCredentials.secretKey, id, path, value) };
  const without = (state: State) => ({ ...state, config: lacking(state["config"], field), fingerprints });
  const live = outs["live"] as State;
  const state = { ...without(outs), live: { ...live, config: lacking(live["config"], field) } };
  return { id, inputs, recorded: without(inputs), state };
};

const isChanged = async (id: string, olds: State, news: State) => (await stage.host.diff(id, olds, news)).changes;

it("a refresh of an imported state shows that somebody changed what is a secret in part, and not what it is", async () => {
  const { id, inputs, recorded, state } = await imported();
  await stage.other.updateConnection(id, { base_url: "http://127.0.0.1:66" }, never);
  const seen = await stage.host.read(id, state, recorded);
  expect(JSON.stringify(seen)).not.toMatch(/:66|planted-url/);
  for (const before of [recorded, inputs]) expect(await isChanged(id, seen.props, before)).toBe(true);
  // A second refresh has no news.
  expect(await stage.host.read(id, seen.props, seen.inputs)).toEqual(seen);
  expect(await isChanged(id, seen.props, seen.inputs)).toBe(false);

  const after = await stage.change(id, seen.props, inputs);
  expect(await stage.live(id)).toMatchObject({ base_url: url });
  expect(after).not.toHaveProperty("fingerprints");
  expect(await isChanged(id, after, inputs)).toBe(false);
});

it("a refresh of an imported state shows that somebody took away what is a secret in part", async () => {
  const { id, inputs, recorded, state } = await imported("timeout_secs");
  await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
  const moved = await stage.host.read(id, state, recorded);
  expect(await isChanged(id, moved.props, recorded)).toBe(true);
  await stage.other.updateConnection(id, { timeout_secs: null }, never);
  const seen = await stage.host.read(id, moved.props, moved.inputs);
  expect(await isChanged(id, seen.props, inputs)).toBe(true);
  const live = await stage.live(id);
  if (!("timeout_secs" in live)) expect(await isChanged(id, seen.props, moved.inputs)).toBe(true);
  await stage.change(id, seen.props, inputs);
  expect(await stage.live(id)).toMatchObject({ timeout_secs: 30 });
});

it("a change in the program of what is a secret in part is written to what was imported", async () => {
  const { id, inputs, state } = await imported();
  const news = { ...inputs, config: { ...(inputs["config"] as State), base_url: "http://127.0.0.1:2" } };
  const after = await stage.change(id, state, news);
  expect(await stage.live(id)).toMatchObject({ base_url: "http://127.0.0.1:2" });
  expect(await isChanged(id, after, news)).toBe(false);
});

it("is not written over what somebody changed since the import, before a refresh has shown it", async () => {
  const { id, inputs, state } = await imported();
  await stage.other.updateConnection(id, { base_url: "http://127.0.0.1:66" }, never);
  const news = { ...inputs, config: { ...(inputs["config"] as State), base_url: "http://127.0.0.1:2" } };
  expect(await messageOf(stage.host.update(id, state, news))).toContain("config.base_url");
  expect(await stage.live(id)).toMatchObject({ base_url: "http://127.0.0.1:66" });
});

it("what was imported and is no longer in the program is taken away", async () => {
  const { id, inputs, state } = await imported("timeout_secs");
  const news = { ...inputs, config: lacking(inputs["config"], "timeout_secs") };
  expect((await stage.host.check(state, news)).failures).toEqual([]);
  await stage.other.updateConnection(id, { timeout_secs: 30 }, never);
  expect(await isChanged(id, state, news)).toBe(true);
  const after = await stage.host.update(id, state, news);
  expect((await stage.live(id))["timeout_secs"] ?? 30).toBe(30);
  expect(await isChanged(id, after, news)).toBe(false);
});
