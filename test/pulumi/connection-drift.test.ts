import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { args, messageOf, never, type Stage, startStage } from "../support/pulumi/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

describe("a refresh", () => {
  it("finds nothing where nothing changed", async () => {
    const { id, inputs, outs } = await stage.make(args());
    expect(await stage.host.read(id, outs, inputs)).toEqual({ id, props: outs, inputs });
  });

  it("shows exactly the field that somebody else changed, and the update sets it back", async () => {
    const { id, inputs, outs } = await stage.make(args());
    await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
    const seen = await stage.host.read(id, outs, inputs);
    const config = { ...(inputs["config"] as object), timeout_secs: 99 };
    expect(seen.inputs).toEqual({ ...inputs, config });
    expect(seen.props["config"]).toEqual(config);
    // A refresh compares the other way round to say what it found.
    expect((await stage.host.diff(id, seen.props, inputs)).changes).toBe(true);
    expect((await stage.host.diff(id, outs, seen.inputs)).changes).toBe(true);

    const after = await stage.change(id, seen.props, inputs);
    expect(JSON.parse(stage.front.bodies.at(-1) ?? "")).toEqual({ config: { timeout_secs: 30 } });
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 30 });
    expect(after["config"]).toEqual(inputs["config"]);
  });

  it("leaves out a field that somebody else took away, and the update gives it back", async () => {
    const { id, inputs, outs } = await stage.make(args({}, { timeout_secs: 60 }));
    await stage.other.updateConnection(id, { timeout_secs: null }, never);
    const seen = await stage.host.read(id, outs, inputs);
    expect(seen.inputs["config"]).not.toHaveProperty("timeout_secs", 60);
    await stage.change(id, seen.props, inputs);
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 60 });
  });

  it("takes no notice of fields that nobody declared", async () => {
    const { id, inputs, outs } = await stage.make(args());
    await stage.other.updateConnection(id, { accept_invalid_certs: true }, never);
    const seen = await stage.host.read(id, outs, inputs);
    expect(seen.inputs).toEqual(inputs);
    expect((await stage.host.diff(id, seen.props, inputs)).changes).toBe(false);
  });

  it("reports what is gone by an empty id", async () => {
    const { id, inputs, outs } = await stage.make(args());
    await stage.other.deleteConnection(id, never);
    expect((await stage.host.read(id, outs, inputs)).id).toBe("");
  });

  it("does not call a connection gone that another service never had", async () => {
    const other = await startStage("connection");
    try {
      const { id, inputs, outs } = await stage.make(args());
      expect(await messageOf(other.host.read(id, outs, inputs))).toContain(stage.front.url);
      expect(await messageOf(other.host.delete(id, outs))).toContain(other.front.url);
      expect(await stage.live(id)).not.toEqual({});
    } finally {
      await other.stop();
    }
  });

  it("finds a service again that has moved to another address", async () => {
    const { id, inputs, outs } = await stage.make(args());
    const before = { ...outs, endpoint: "http://127.0.0.1:2" };
    expect((await stage.host.read(id, before, inputs)).props).toEqual(outs);
  });
});

describe("an update", () => {
  it("overwrites nothing that moved since the last refresh, unless it may", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
    const news = { ...given, config: { ...given.config, timeout_secs: 60 } };
    const refused = stage.requestsOf(async () => {
      expect(await messageOf(stage.host.update(id, outs, news))).toMatch(/config\.timeout_secs.*pulumi refresh/);
    });
    expect((await refused).filter((request) => !request.startsWith("GET"))).toEqual([]);
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 99 });

    const after = await stage.change(id, outs, { ...news, overwriteDrift: true });
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 60 });
    expect((await stage.host.diff(id, after, { ...news, overwriteDrift: true })).changes).toBe(false);
  });

  it("refuses because of any declared field that moved", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    await stage.other.updateConnection(id, { base_url: "http://127.0.0.1:3" }, never);
    const news = { ...given, config: { ...given.config, timeout_secs: 60 } };
    expect(await messageOf(stage.host.update(id, outs, news))).toContain("config.base_url");
  });

  it("that writes nothing still leaves drift to be found", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
    const after = await stage.change(id, outs, { ...given, overwriteDrift: true, adopt: false });
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 30 });
    await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
    const quiet = await stage.change(id, after, { ...given, adopt: false });
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 99 });
    expect((await stage.host.read(id, quiet, given)).inputs).toHaveProperty("config.timeout_secs", 99);
  });

  it("of what is gone says so", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    await stage.other.deleteConnection(id, never);
    const news = { ...given, config: { ...given.config, timeout_secs: 60 } };
    expect(await messageOf(stage.host.update(id, outs, news))).toContain("pulumi refresh");
  });
});

describe("a delete", () => {
  it("takes it away, and may be repeated", async () => {
    const { id, outs } = await stage.make(args());
    await stage.host.delete(id, outs);
    expect(await stage.other.getConnection(id, never)).toBeUndefined();
    await stage.host.delete(id, outs);
  });

  it("lets the same name be made anew, as a replacement does", async () => {
    const given = args();
    const { id, outs } = await stage.make(given);
    await stage.host.delete(id, outs);
    expect((await stage.make({ ...given, source: "opensearch" })).id).not.toBe(id);
  });
});
