import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { baseEnv } from "../support/base-env.ts";
import { signedClient } from "../support/signed.ts";
import { cli, main, temporaryFolder } from "./support.ts";

/** A service as a process, once it has said where it listens. */
const start = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
  const child = execa(process.execPath, [main, "serve", ...args], {
    cwd: tmpdir(),
    env: { ...baseEnv(), ...env },
    extendEnv: false,
    reject: false,
  });
  let stdout = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
      if (stdout.includes("\n")) resolve();
    });
    child.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  return { child, stdout };
};

describe("serve", () => {
  test("says first where it listens, keeps its key pair to itself and ends on SIGTERM", async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, "data");
    const { child, stdout } = await start(["--port", "0", "--data", data], {});
    const [, url = ""] = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(stdout) ?? [];
    expect((await fetch(`${url}/sources`)).status).toBe(401);
    const ended = performance.now();
    child.kill("SIGTERM");
    const { exitCode, stderr } = await child;
    expect(performance.now() - ended).toBeLessThan(10_000);
    expect(exitCode).toBe(0);
    const [, file = ""] = /key pair: (.*)/.exec(stderr) ?? [];
    expect(file.startsWith(data)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("ends on SIGTERM in a query that nothing can interrupt, and keeps what was acknowledged", async () => {
    await using folder = await temporaryFolder();
    const credentials = { accessKey: "a", secretKey: "b" };
    const serving = async () => {
      const { child, stdout } = await start(["--data", folder.path], {
        INFINO_ACCESS_KEY: credentials.accessKey,
        INFINO_SECRET_KEY: credentials.secretKey,
      });
      const url = stdout.replace("listening on ", "").trim();
      const call = signedClient({ ...credentials, url });
      return { child, sql: (query: string) => call("POST", "/sql", { query }) };
    };
    const first = await serving();
    const written = await first.sql(`INSERT INTO texts (_id, t) VALUES ('1', '${"a".repeat(150_000)}')`);
    expect(written.status).toBe(200);
    const asked = first.sql("SELECT levenshtein(t, reverse(t)) FROM texts").catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ended = performance.now();
    first.child.kill("SIGTERM");
    expect(await first.child).toMatchObject({ signal: "SIGTERM" });
    expect(performance.now() - ended).toBeLessThan(8_000);
    expect(await asked).toBeInstanceOf(Error);
    const second = await serving();
    expect((await second.sql("SELECT _id, length(t) FROM texts")).body).toMatchObject({ rows: [["1", 150_000]] });
    second.child.kill("SIGTERM");
    expect((await second.child).exitCode).toBe(0);
  });

  test("takes a port once, and both halves of a key pair or none", async () => {
    await using folder = await temporaryFolder();
    const pair = { INFINO_ACCESS_KEY: "a", INFINO_SECRET_KEY: "b" };
    const { child, stdout } = await start(["--data", join(folder.path, "one")], pair);
    const [, port = ""] = /:(\d+)\n/.exec(stdout) ?? [];
    const [second, half] = await Promise.all([
      cli(["serve", "--port", port, "--data", join(folder.path, "two")], { env: pair }),
      cli(["serve", "--data", join(folder.path, "three")], { env: { INFINO_ACCESS_KEY: "a" } }),
    ]);
    child.kill("SIGTERM");
    const { stderr } = await child;
    expect(stderr).not.toMatch(/key pair/);
    expect(second).toMatchObject({ exit: 3, stdout: "" });
    expect(second.stderr).toContain(port);
    expect(half).toMatchObject({ exit: 3, stdout: "" });
    expect(half.stderr).toContain("INFINO_SECRET_KEY is not set");
  });
});
