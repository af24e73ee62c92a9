import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Traits } from "../../src/contract/index.ts";
import { defaultTraits, traits } from "../../src/contract/index.ts";
import { readTraits } from "../../src/service/index.ts";
import { startService } from "../support/service.ts";
import { member } from "../support/signed.ts";

const pat = { name: "wh", account: "of nobody", pat_token: "planted-secret", warehouse: "w", database: "d" };

/** A service with these traits and one connection in it. */
const withConnection = async (given: Partial<Traits>, config: object = { ...pat, role: "r" }) => {
  const { call } = await startService({ traits: given });
  const created = await call("POST", "/source/snowflake", { config });
  expect(created.status).toBe(200);
  return { call, created, path: `/source/${member(created, "id")}` };
};

describe("a service with the trait", () => {
  it("patch: replace takes a PATCH as the whole configuration, secrets included", async () => {
    const { call, path } = await withConnection({ patch: "replace" });
    const { role: _, ...whole } = { ...pat, role: "r", schema: "s" };
    const updated = await call("PATCH", path, { config: whole });
    expect(updated.body).toMatchObject({ config: { name: "wh", account: "of nobody", schema: "s" } });
    expect(updated.text).not.toContain('"role"');
    const { pat_token: __, ...withoutSecret } = whole;
    expect((await call("PATCH", path, { config: withoutSecret })).body).toMatchObject({
      error: { type: "missing_fields", reason: expect.stringContaining("pat_token") },
    });
  });

  it("unset: none leaves what a null names as it is, at any depth", async () => {
    const { call, path } = await withConnection({ unset: "none" }, { ...pat, role: "r", more: { deep: 1 } });
    const updated = await call("PATCH", path, { config: { role: null, schema: "s", more: { deep: null, other: 2 } } });
    expect(updated.body).toMatchObject({ config: { role: "r", schema: "s", more: { deep: 1, other: 2 } } });
  });

  it("unset: none and patch: replace drops what is not sent, a null included", async () => {
    const { call, path } = await withConnection({ unset: "none", patch: "replace" });
    const updated = await call("PATCH", path, { config: { ...pat, role: null } });
    expect(updated.text).not.toContain('"role"');
  });

  it("names: unique refuses a second connection of a name, and a change to one", async () => {
    const { call, path } = await withConnection({ names: "unique" });
    expect(await call("POST", "/source/snowflake", { config: pat })).toMatchObject({
      status: 409,
      body: { error: { type: "name_taken" }, status: 409 },
    });
    const other = await call("POST", "/source/snowflake", { config: { ...pat, name: "other" } });
    const renamed = await call("PATCH", `/source/${member(other, "id")}`, { config: { name: "wh" } });
    expect(renamed).toMatchObject({ status: 409, body: { error: { type: "name_taken" } } });
    expect((await call("PATCH", path, { config: { name: "wh", role: "x" } })).status).toBe(200);
    expect((await call("GET", "/sources/connections")).body).toHaveLength(2);
    await call("DELETE", path);
    expect((await call("POST", "/source/snowflake", { config: pat })).status).toBe(200);
  });

  it("secrets: masked shows that a secret is set, and never what it is", async () => {
    const { call, created, path } = await withConnection({ secrets: "masked" });
    const read = await call("GET", path);
    const list = await call("GET", "/sources/connections");
    for (const answer of [created, read, list]) {
      expect(answer.text).not.toContain("planted-secret");
      expect(answer.text).toContain('"pat_token":"***"');
      expect(answer.text).not.toContain('"password"');
    }
  });

  it("secrets: masked takes a mask that is sent back for the secret itself", async () => {
    const seen: string[] = [];
    const search = createServer((request, response) => {
      seen.push(String(request.headers.authorization));
      response.end("{}");
    }).listen(0, "127.0.0.1");
    await once(search, "listening");
    onTestFinished(() => void search.close());
    const { call } = await startService({ traits: { secrets: "masked" } });
    const config = {
      base_url: `http://127.0.0.1:${(search.address() as AddressInfo).port}`,
      api_key: "planted-secret",
    };
    const path = `/source/${member(await call("POST", "/source/elasticsearch", { config }), "id")}`;
    await call("GET", path);
    await call("PATCH", path, { config: { api_key: "***" } });
    await call("GET", path);
    expect(new Set(seen)).toEqual(new Set(["ApiKey planted-secret", "ApiKey ***"]));
  });

  it("lists: bare lists names without configuration; single reads carry it", async () => {
    const { call, created, path } = await withConnection({ lists: "bare" });
    const { config: _, ...rest } = created.body as Record<string, unknown>;
    const [listed] = (await call("GET", "/sources/connections")).body as Record<string, unknown>[];
    expect(listed).not.toHaveProperty("config");
    expect(listed).toMatchObject({ id: rest["id"], name: "wh", type: "snowflake", created_at: rest["created_at"] });
    expect(listed).toHaveProperty("status");
    expect(listed).toHaveProperty("updated_at");
    expect((await call("GET", path)).body).toMatchObject({ config: { name: "wh" } });
  });

  it("updated_at: any moves it whenever the connection is looked at", async () => {
    const { call, created, path } = await withConnection({ updated_at: "any" });
    const first = member(await call("GET", path), "updated_at");
    const second = member(await call("GET", path), "updated_at");
    expect(first > member(created, "created_at")).toBe(true);
    expect(second > first).toBe(true);
  });

  it("updated_at: none never gives it", async () => {
    const { call, created, path } = await withConnection({ updated_at: "none" });
    for (const answer of [created, await call("GET", path), await call("GET", "/sources/connections")]) {
      expect(answer.text).not.toContain("updated_at");
    }
  });
});

describe("traits as texts", () => {
  it("are read, the last one counts, and what is not given has its default", () => {
    expect(readTraits([])).toEqual(defaultTraits);
    expect(readTraits(["lists=bare", "patch=replace", "lists=full"])).toEqual({ ...defaultTraits, patch: "replace" });
    for (const [name, values] of Object.entries(traits)) {
      for (const value of values) expect(readTraits([`${name}=${value}`])).toMatchObject({ [name]: value });
    }
  });

  it.each(["list=bare", "lists=short", "lists", "=bare", "toString=x"])("%s is refused", (text) => {
    expect(() => readTraits([text])).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
