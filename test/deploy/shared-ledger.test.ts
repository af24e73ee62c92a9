import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportEvent } from "../../src/engine/index.ts";
import {
  noPostgres,
  type PostgresServer,
  postgresFolder,
  postgresPassword,
  startPostgres,
} from "../support/postgres.ts";
import { skip } from "../support/skip.ts";
import { env, opened, project, projectFolder, startedService } from "./project-folder.ts";

const warningsOf = (events: readonly ReportEvent[]): readonly string[] =>
  events.flatMap((event) => (event.code === "warning" ? [event.diagnostic.code] : []));

describe("a ledger in a file", () => {
  const planWith = async (variables: Readonly<Record<string, string>>) => {
    const events: ReportEvent[] = [];
    const service = await startedService();
    const options = { env: { ...env, ...variables }, report: (event: ReportEvent) => void events.push(event) };
    const made = await opened(await projectFolder(), service, options);
    await made.plan();
    await made.status();
    return events;
  };

  it("gets one warning on a machine of CI, with both ways out", async () => {
    const events = await planWith({ CI: "true" });
    expect(warningsOf(events)).toEqual(["ledger-in-ci"]);
    expect(events).toContainEqual({
      code: "warning",
      diagnostic: expect.objectContaining({ hint: expect.stringMatching(/postgres:\/\/.*cache|artifact/) }),
    });
  });

  it.each([[{}], [{ CI: "" }], [{ CI: "false" }]])("gets none elsewhere: %j", async (variables) => {
    expect(warningsOf(await planWith(variables))).toEqual([]);
  });
});

it("refuses a shared ledger without a shared key, also where the whole address is a reference", async () => {
  const text = `${project}ledger: $ENV(LEDGER_URL)\n`;
  const dir = await projectFolder({ "connector-deployer.yaml": text });
  const variables = { ...env, LEDGER_URL: "postgres://u:geheim@127.0.0.1:1/ledger" };
  const made = await opened(dir, await startedService(), { env: variables });
  const refusal = await made.plan().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "usage", hint: expect.stringContaining("ledger_key") });
  expect(inspect(refusal)).not.toContain("geheim");
});

const bin = postgresFolder();
if (bin === undefined) {
  skip("a ledger in Postgres", noPostgres);
} else {
  describe("a ledger in Postgres", () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres(bin);
    });
    afterAll(() => server.remove());

    it("is shared by checkouts: what one has applied, the other one knows", async () => {
      const address = `postgres://deployer:$SECRET(password)@127.0.0.1:${server.port}/ledger`;
      const text = `${project.replace("secrets:", "secrets:\n  password: { env: PASSWORD }\n  key: { env: KEY }")}
ledger: ${address}
ledger_key: $SECRET(key)
`;
      const service = await startedService();
      const events: ReportEvent[] = [];
      const variables = { ...env, PASSWORD: postgresPassword, KEY: "a key for everybody", CI: "true" };
      const options = { env: variables, report: (event: ReportEvent) => void events.push(event) };
      const checkout = async () => opened(await projectFolder({ "connector-deployer.yaml": text }), service, options);

      const first = await checkout();
      expect((await first.apply(await first.plan())).summary).toMatchObject({ insert: 6, failed: 0 });
      const second = await checkout();
      expect((await second.plan()).changes).toEqual([]);
      expect(warningsOf(events)).toEqual([]);

      const dir = await projectFolder({ "connector-deployer.yaml": text });
      const wrong = await opened(dir, service, { ...options, env: { ...variables, KEY: "another" } });
      await expect(wrong.plan()).rejects.toMatchObject({ code: "ledger-key" });
      const stranger = await opened(dir, service, { ...options, env: { ...variables, PASSWORD: "wrong@/word" } });
      const refusal = await stranger.plan().catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: "ledger-unavailable" });
      expect(inspect(refusal, { depth: 9 })).not.toMatch(/wrong(@|%40)/);
    });
  });
}
