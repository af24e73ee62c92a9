import { describe, expect, it } from "vitest";
import { reservedDatasetNames } from "../../src/contract/index.ts";
import { operations } from "../../src/service/operations.ts";
import { startService } from "../support/service.ts";

describe("a dataset", () => {
  it("is created, listed, read and deleted", async () => {
    const { call } = await startService();
    expect((await call("PUT", "/acme-contacts")).body).toEqual({
      acknowledged: true,
      shards_acknowledged: true,
      index: "acme-contacts",
    });
    const read = await call("GET", "/acme-contacts/metadata");
    expect(read.body).toEqual({
      index: "acme-contacts",
      status: "green",
      health: "green",
      docs_count: 0,
      store_size: "0b",
      creation_date: expect.any(String),
    });
    expect((await call("GET", "/metadata")).body).toEqual([read.body]);
    expect((await call("DELETE", "/acme-contacts")).body).toEqual({ acknowledged: true });
    expect((await call("DELETE", "/acme-contacts")).body).toMatchObject({ error: { type: "not_found" }, status: 404 });
    expect((await call("GET", "/acme-contacts/metadata")).status).toBe(404);
    expect((await call("GET", "/metadata")).body).toEqual([]);
  });

  it("that is there already is a success and stays as it was", async () => {
    const { call } = await startService();
    await call("PUT", "/acme-contacts");
    const before = await call("GET", "/acme-contacts/metadata");
    const again = await call("PUT", "/acme-contacts");
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ acknowledged: true });
    expect((await call("GET", "/acme-contacts/metadata")).body).toEqual(before.body);
  });

  it.each(["a", "0.9", "a_b-c.d", "constructor", "x".repeat(255)])("may be called %s", async (name) => {
    const { call } = await startService();
    expect((await call("PUT", `/${name}`)).status).toBe(200);
    expect((await call("GET", `/${name}/metadata`)).status).toBe(200);
  });

  it.each(["Upper", "_x", "-x", "a b", "a%2Fb", "..%2f..%2fetc", "%00", "a%0a", "é", "__proto__", "x".repeat(256)])(
    "may not be called %s",
    async (name) => {
      const { call } = await startService();
      expect((await call("PUT", `/${name}`)).body).toMatchObject({ error: { type: "invalid_name" }, status: 400 });
      expect((await call("DELETE", `/${name}`)).body).toMatchObject({ error: { type: "invalid_name" }, status: 400 });
      expect((await call("GET", "/metadata")).body).toEqual([]);
    },
  );

  const pathWords = new Set(
    operations.map(({ path }) => path.split("/")[1] ?? "").filter((word) => /^[a-z]/.test(word)),
  );
  it.each([...new Set([...pathWords, ...reservedDatasetNames])])("may not be called %s, a path word", async (name) => {
    const { call } = await startService();
    expect((await call("PUT", `/${name}`)).body).toMatchObject({ error: { type: "invalid_name" }, status: 400 });
  });
});
