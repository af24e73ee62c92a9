import { describe, expect, it } from "vitest";
import { builtinCatalog } from "../../src/catalog/index.ts";
import type { ConnectionWire, InfinoClient } from "../../src/infino/index.ts";
import { infinoKinds } from "../../src/resources/index.ts";
import { looksMasked, withoutCredentials } from "../../src/resources/masked.ts";

const { signal } = new AbortController();
const ids = { live: () => undefined, declared: () => undefined };
const kind = infinoKinds.find(({ name }) => name === "connection");

const listed = async (wire: Partial<ConnectionWire>) => {
  const whole: ConnectionWire = { id: "c1", type: "elasticsearch", status: "connected", created_at: "", ...wire };
  const api = { listConnections: async () => [whole], getConnection: async () => whole };
  const [live] = (await kind?.list(api as unknown as InfinoClient, builtinCatalog(), ids, signal)) ?? [];
  return live;
};

describe("a connection as it is read", () => {
  it.each(["***", "in-clear", { deep: "x" }])("has no secret in it, though the target shows %j", async (shown) => {
    const live = await listed({ config: { name: "n", api_key: shown, password: shown, username: "u" } });
    expect(live?.properties).toEqual({ source: "elasticsearch", config: { name: "n", username: "u" } });
    expect(live?.masked).toEqual(["/config/api_key", "/config/password"]);
  });

  it("says nothing of secrets that are not set", async () => {
    const live = await listed({ config: { name: "n", api_key: null, password: "" } });
    expect(live).not.toHaveProperty("masked");
    expect(live).not.toHaveProperty("isBare");
  });

  it("is bare where the list has no configuration", async () => {
    const live = await listed({ name: "n" });
    expect(live).toMatchObject({ isBare: true, properties: { source: "elasticsearch", config: { name: "n" } } });
  });
});

describe("a value", () => {
  it.each(["***", "********", "•••", "[secret]", "[REDACTED]", "https://u:***@h", ["a", "***"], { a: { b: "****" } }])(
    "such as %j looks masked",
    (value) => {
      expect(looksMasked(value)).toBe(true);
    },
  );

  it.each(["", "*", "logs-*", "a**b", "[x]", 3, null, ["a"], { a: "b" }])("such as %j does not", (value) => {
    expect(looksMasked(value)).toBe(false);
  });
});

describe("a target's words", () => {
  it.each([
    ["https://u:pass@h/x: refused", "https://[redacted]@h/x: refused"],
    ["jdbc:x?user=u&password=pass&a=b", "jdbc:x?user=u&password=[redacted]&a=b"],
    ["token: pass, then", "token: [redacted], then"],
    ['api_key="pa ss" was wrong', "api_key=[redacted] was wrong"],
    ["connection refused by h:9200 (mail me@h)", "connection refused by h:9200 (mail me@h)"],
  ])("%s", (text, clean) => {
    expect(withoutCredentials(text)).toBe(clean);
  });
});
