import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { accessKey, never, rig, secretKey } from "./client-under-test.ts";
import { answer, problem, type Received, startServer } from "./scripted-server.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Signature Version 4 by its specification, from what came over the wire; the path as sent, not encoded again. */
const expectedAuthorization = ({ method, path, headers, body }: Received): string => {
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
  const date = String(headers["x-amz-date"]);
  const scope = `${date.slice(0, 8)}/us-east-1/es/aws4_request`;
  const lines = signed.split(";").map((name) => `${name}:${String(headers[name]).trim().replace(/\s+/g, " ")}\n`);
  const canonical = [method, path, "", lines.join(""), signed, sha256(body)].join("\n");
  const key = ["us-east-1", "es", "aws4_request"].reduce<Buffer>(hmac, hmac(`AWS4${secretKey}`, date.slice(0, 8)));
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
};

describe("signing", () => {
  it("signs method, path, host, date and body as the server sees them", async () => {
    await using server = await startServer(answer(200, { connection_id: "c1" }));
    await rig(server.endpoint).client.createConnection("elasticsearch", { name: "ä", base_url: "http://x" }, never);
    const [received] = server.received;
    expect(received).toBeDefined();
    if (received === undefined) return;
    expect(received.headers["x-amz-date"]).toBe("20260115T103000Z");
    expect(received.headers["x-amz-content-sha256"]).toBe(sha256(received.body));
    expect(received.headers.authorization).toContain("SignedHeaders=host;x-amz-content-sha256;x-amz-date");
    expect(received.headers.authorization).toBe(expectedAuthorization(received));
    expect(JSON.parse(received.body)).toEqual({ config: { name: "ä", base_url: "http://x" } });
  });

  it.each(["plain-id", "a b/c", "100%", "it's (odd)!*", "ä€𝄞", "a+b&c=d;e:f@g$h,i", "~._-"])(
    "sends the path that it signed for the id %s",
    async (id) => {
      await using server = await startServer(answer(200, { acknowledged: true }));
      await rig(`${server.endpoint}/base/path/`).client.deleteConnection(id, never);
      const [received] = server.received;
      expect(received?.path.startsWith("/base/path/source/")).toBe(true);
      expect(decodeURIComponent(received?.path.slice("/base/path/source/".length) ?? "")).toBe(id);
      expect(received?.headers.authorization).toBe(received && expectedAuthorization(received));
    },
  );

  it("signs the connection header of a source query", async () => {
    await using server = await startServer(answer(200, { hits: [] }));
    await rig(server.endpoint).client.querySource("c1", "contacts", "SELECT 1", never);
    const [received] = server.received;
    expect(received?.method).toBe("POST");
    expect(received?.path).toBe("/source/c1/contacts/dsl");
    expect(received?.headers["x-infino-connection-id"]).toBe("c1");
    expect(JSON.parse(received?.body ?? "")).toEqual({ query: "SELECT 1" });
    expect(received?.headers.authorization).toContain("x-infino-connection-id");
    expect(received?.headers.authorization).toBe(received && expectedAuthorization(received));
  });

  it("signs every attempt afresh, with the date of that attempt", async () => {
    await using server = await startServer(
      problem(503, "busy", "later", { "retry-after": "3" }),
      problem(503, "busy", "later", { "retry-after": "86400" }),
      answer(200, []),
    );
    await rig(server.endpoint, { deadline: 2 * 86_400_000 }).client.listConnections(never);
    const dates = server.received.map(({ headers }) => headers["x-amz-date"]);
    expect(dates).toEqual(["20260115T103000Z", "20260115T103003Z", "20260116T103003Z"]);
    for (const received of server.received)
      expect(received.headers.authorization).toBe(expectedAuthorization(received));
    expect(new Set(server.received.map(({ headers }) => headers.authorization)).size).toBe(3);
  });

  it.each(["", ".", "..", "\ud800"])("refuses %j as an id: no path can hold it", async (id) => {
    await using server = await startServer(answer(200, {}));
    const { client } = rig(server.endpoint);
    await expect(client.deleteConnection(id, never)).rejects.toMatchObject({ code: "usage" });
    await expect(client.deleteDataset(id, never)).rejects.toMatchObject({ code: "usage" });
    await expect(client.deleteImportJob(id, never)).rejects.toMatchObject({ code: "usage" });
    expect(client.requests()).toBe(0);
    expect(server.received).toHaveLength(0);
  });

  it("refuses a connection id that no header can hold", async () => {
    const { client } = rig("http://127.0.0.1:1");
    await expect(client.querySource("a\nb", "d", "q", never)).rejects.toMatchObject({ code: "usage" });
  });
});
