import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { redact } from "../../src/infino/redact.ts";
import { accessKey, failure, never, rig, secretKey } from "./client-under-test.ts";
import { answer, type Behaviour, cut, hangUp, problem, silent, startServer } from "./scripted-server.ts";

const clean = (text: string, config: Record<string, string>) => redact(text, { config }, [accessKey, secretKey]);

describe("what a server says", () => {
  it("keeps what the request did not hold", () => {
    expect(clean("field base_url is required", { api_key: "0123456789" })).toBe("field base_url is required");
  });

  it("loses every text that was sent, but for names", () => {
    const config = { name: "acme-t042-crm", api_key: "planted-api-key", user: "elastic" };
    expect(clean("acme-t042-crm: wrong key planted-api-key for elastic", config)).toBe(
      "acme-t042-crm: wrong key [redacted] for [redacted]",
    );
  });

  it("loses short texts only as words of their own", () => {
    expect(clean("test of tested attest; test", { password: "test" })).toBe("[redacted] of tested attest; [redacted]");
    expect(clean("is on", { flag: "on" })).toBe("is on");
  });

  it("loses all of a URL but scheme and host", () => {
    const config = { base_url: "https://joe:planted-pass@search.example:9200/tenant-path?token=planted-token" };
    const said = `cannot reach ${config.base_url}, user joe:planted-pass at /tenant-path with planted-token`;
    const result = clean(said, config);
    expect(result).toContain("https://search.example:9200/[redacted]");
    expect(result).not.toMatch(/planted|tenant-path/);
    expect(clean("cannot reach http://search:9200/", { base_url: "http://search:9200" })).toBe(
      "cannot reach http://search:9200/",
    );
  });

  it("loses parts of a key file, and other spellings", () => {
    const key = JSON.stringify({
      type: "service_account",
      private_key: "-----BEGIN KEY-----\nplantedline1\nplantedline2\n",
    });
    const said = `bad key plantedline2 in ${key} (${JSON.stringify(key)})`;
    expect(clean(said, { service_account_key: key })).not.toContain("planted");
    const password = 'pl"anted pass/word';
    const spellings = [
      JSON.stringify(password),
      encodeURIComponent(password),
      Buffer.from(password).toString("base64"),
    ];
    for (const spelling of spellings) expect(clean(`>${spelling}<`, { password })).not.toContain(spelling);
  });

  it("loses the secrets of a cloud's key file, and keeps whose it is", () => {
    const key = {
      type: "service_account",
      project_id: "demo-project",
      private_key_id: "f00dfeed99",
      private_key: "-----BEGIN\nabcdefgh12\n",
    };
    const text = "demo-project f00dfeed99 abcdefgh12";
    expect(clean(text, { service_account_key: JSON.stringify(key) })).toBe("demo-project [redacted] [redacted]");
    expect(redact(text, undefined, [JSON.stringify(key, null, 2)])).toBe("demo-project [redacted] [redacted]");
  });

  it("loses the client's own credentials, control characters and length", () => {
    expect(clean(`key ${accessKey} and ${secretKey}`, {})).toBe("key [redacted] and [redacted]");
    expect(clean("a\u001b[31mred\r\n\u009bb", {})).toBe("a [31mred b");
    expect(clean("x".repeat(5000), {})).toHaveLength(500);
  });
});

describe("errors", () => {
  it("quote what an access key that a person chose is a part of", async () => {
    await using server = await startServer(problem(404, "not_found", "no demo-project:nope"));
    const error = await failure(rig(server.endpoint, { accessKey: "demo" }).client.listSources(never));
    expect(error.message).toContain("no demo-project:nope");
  });

  const planted = "planted-password-7";
  const config = {
    name: "acme-crm",
    base_url: `https://u:${planted}@db.example/x`,
    password: planted,
    pem: `a\n${planted}\nb`,
  };
  const echo: Behaviour = (response, received) => {
    const reason = `cannot take ${received.body} signed ${received.headers.authorization}`;
    problem(400, planted, reason)(response, received);
  };
  const echoPage: Behaviour = (response, received) => answer(500, `<p>${received.body}</p>`)(response, received);
  const echoText: Behaviour = (response, received) => answer(403, { error: received.body })(response, received);

  it.each<[string, Behaviour]>([
    ["quotes the request", echo],
    ["quotes it in a page", echoPage],
    ["quotes it in an error text", echoText],
    ["cuts the answer", cut],
    ["hangs up", hangUp],
    ["is silent", silent],
    ["refuses the credentials", problem(401, "unauthorized", `unknown key ${accessKey}`)],
  ])("hold no secret when the target %s", async (_, behaviour) => {
    await using server = await startServer(behaviour);
    const { client } = rig(server.endpoint, { requestTimeout: 100 });
    const error = await failure(client.createConnection("elasticsearch", config, never));
    const all = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error.details) + error.stack;
    for (const secret of [planted, secretKey, accessKey]) expect(all).not.toContain(secret);
  });
});
