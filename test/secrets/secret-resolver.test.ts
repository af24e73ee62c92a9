import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeployerError } from "../../src/errors.ts";
import { createSecretResolver, type SecretOptions, type SecretSources } from "../../src/secrets/index.ts";

const planted = "planted-secret-42";
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "secrets-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const path = process.env["PATH"] ?? "";
const resolver = (sources: SecretSources, env: SecretOptions["env"] = {}, more: Partial<SecretOptions> = {}) =>
  createSecretResolver({ sources, env: { PATH: path, ...env }, dir, ...more });

const node = (code: string): { readonly command: readonly string[] } => ({ command: ["node", "-e", code] });

const failure = async (call: Promise<unknown>): Promise<DeployerError> => {
  const error: unknown = await call.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeployerError);
  return error as DeployerError;
};

describe("a text", () => {
  it("gets every reference put in, and keeps the rest as it is", async () => {
    const secrets = resolver({ p: { env: "PASS" } }, { PASS: planted, HOST: "h" });
    expect(await secrets.resolve("https://u:$SECRET(p)@$ENV(HOST)/$1")).toBe(`https://u:${planted}@h/$1`);
    expect(await secrets.resolve("")).toBe("");
    expect(await secrets.resolve("\\$SECRET(p)")).toBe("$SECRET(p)");
  });

  it("puts values in as they are, references in them too", async () => {
    const secrets = resolver({ a: { env: "A" } }, { A: "$SECRET(b) $& $ENV(HOME)" });
    expect(await secrets.resolve("<$SECRET(a)>")).toBe("<$SECRET(b) $& $ENV(HOME)>");
  });
});

describe("a file", () => {
  it("gives its text without one trailing line end", async () => {
    await writeFile(join(dir, "one"), "  line\n\n");
    await writeFile(join(dir, "two"), "windows\r\n");
    await writeFile(join(dir, "three"), "bare");
    const secrets = resolver({ a: { file: "one" }, b: { file: "./two" }, c: { file: join(dir, "three") } });
    expect(await secrets.resolve("$SECRET(a)")).toBe("  line\n");
    expect(await secrets.resolve("$SECRET(b)$SECRET(c)")).toBe("windowsbare");
  });

  it.each<[string, string | Uint8Array | undefined]>([
    ["is not there", undefined],
    ["is empty", ""],
    ["holds only a line end", "\n"],
    ["is larger than 1 MB", planted.repeat(70_000)],
    ["is not text", new Uint8Array([0xff, 0xfe, 0x00])],
  ])("that %s is a missing secret", async (_, content) => {
    if (content !== undefined) await writeFile(join(dir, "file"), content);
    const error = await failure(resolver({ a: { file: "file" } }).resolve("$SECRET(a)"));
    expect(error.code).toBe("missing-secret");
    expect(error.message).toContain("file");
    expect(inspect(error)).not.toContain(planted);
  });

  it("is read once", async () => {
    let reads = 0;
    const readFile = async () => {
      reads++;
      return Buffer.from("value\n");
    };
    const secrets = resolver({ a: { file: "x" } }, {}, { readFile });
    await Promise.all([secrets.resolve("$SECRET(a)$SECRET(a)"), secrets.forTenant({}).resolve("$SECRET(a)")]);
    expect(await secrets.resolve("$SECRET(a)")).toBe("value");
    expect(reads).toBe(1);
  });
});

describe("a command", () => {
  it("gives what it prints without one trailing line end, with the given environment only", async () => {
    const secrets = resolver(
      { a: node("console.log(process.env.GIVEN, process.env.HOME, process.cwd())") },
      { GIVEN: "g" },
    );
    expect(await secrets.resolve("$SECRET(a)")).toMatch(/^g undefined .*secrets-[^\n]*$/);
  });

  it("gets its arguments as they are: there is no shell", async () => {
    const secrets = resolver({ a: { command: ["node", "-e", "console.log(process.argv[1])", "$(echo x); `y` *"] } });
    expect(await secrets.resolve("$SECRET(a)")).toBe("$(echo x); `y` *");
  });

  it.each<[string, { readonly command: readonly string[] }, string, string]>([
    [
      "fails",
      node(`console.log("${planted}"); console.error("${planted}"); process.exit(3)`),
      "secret-command-failed",
      "exit code 3",
    ],
    [
      "is killed",
      node(`console.error("${planted}"); process.kill(process.pid, "SIGKILL")`),
      "secret-command-failed",
      "SIGKILL",
    ],
    ["does not exist", { command: ["no-such-program-here"] }, "secret-command-failed", "ENOENT"],
    ["is empty", { command: [] }, "secret-command-failed", "empty"],
    ["prints too much", node(`process.stdout.write("${planted}".repeat(70000))`), "secret-command-failed", "1 MB"],
    ["prints nothing", node(`console.error("${planted}")`), "missing-secret", "empty"],
  ])("that %s is named without its output", async (_, source, code, text) => {
    const error = await failure(resolver({ a: source }).resolve("$SECRET(a)"));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
    expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(planted);
  });

  it("runs once for all who ask, at the same time and later, also when it fails", async () => {
    const log = join(dir, "log");
    await writeFile(join(dir, "tool"), `#!/bin/sh\necho run >> ${log}\necho value\nexit $1\n`);
    await chmod(join(dir, "tool"), 0o755);
    const secrets = resolver({ good: { command: ["./tool", "0"] }, bad: { command: ["./tool", "1"] } });
    const tenants = [secrets.forTenant({}), secrets.forTenant({})];
    const all = await Promise.all([...tenants, secrets].map((one) => one.resolve("$SECRET(good)")));
    expect(all).toEqual(["value", "value", "value"]);
    await Promise.allSettled([...tenants, secrets].map((one) => one.resolve("$SECRET(bad)")));
    await failure(secrets.resolve("$SECRET(bad)"));
    expect(await readFile(log, "utf8")).toBe("run\nrun\n");
  });

  it("is ended when all who wait for it are cancelled, and runs again when asked again", async () => {
    const signals: AbortSignal[] = [];
    const run: SecretOptions["run"] = (_, signal) => {
      signals.push(signal);
      return signals.length > 1
        ? Promise.resolve({ ended: "success", output: "later" })
        : new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve({ ended: "failure", because: "ended" }));
          });
    };
    const secrets = resolver({ a: { command: ["x"] } }, {}, { run });
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [first, second].map(({ signal }) => failure(secrets.resolve("$SECRET(a)", signal)));
    first.abort();
    expect((await calls[0])?.code).toBe("cancelled");
    expect(signals[0]?.aborted).toBe(false);
    second.abort();
    expect((await calls[1])?.code).toBe("cancelled");
    expect(signals[0]?.aborted).toBe(true);
    expect(await secrets.resolve("$SECRET(a)", new AbortController().signal)).toBe("later");
    expect((await failure(secrets.resolve("$SECRET(a)", AbortSignal.abort()))).code).toBe("cancelled");
  });

  it("of a real process ends when cancelled", async () => {
    const controller = new AbortController();
    const call = failure(resolver({ a: node("setTimeout(() => {}, 60000)") }).resolve("$SECRET(a)", controller.signal));
    setTimeout(() => controller.abort(), 50);
    expect((await call).code).toBe("cancelled");
  });
});

describe("an environment variable", () => {
  it.each([{}, { VAR: "" }])("that is %j is missing", async (env) => {
    const secrets = resolver({ a: { env: "VAR" } }, env);
    expect((await failure(secrets.resolve("$SECRET(a)"))).code).toBe("missing-secret");
    expect((await failure(secrets.resolve("$ENV(VAR)"))).code).toBe("missing-environment-variable");
  });
});

describe("a tenant's sources", () => {
  it("hide the project's, for that tenant only", async () => {
    const secrets = resolver({ a: { env: "A" }, b: { env: "B" } }, { A: "project-a", B: "project-b", T: "tenant-a" });
    const tenant = secrets.forTenant({ a: { env: "T" } });
    expect(await tenant.resolve("$SECRET(a) $SECRET(b)")).toBe("tenant-a project-b");
    expect(await secrets.resolve("$SECRET(a)")).toBe("project-a");
    expect(await secrets.forTenant({}).resolve("$SECRET(a)")).toBe("project-a");
  });

  it("do not fall back to the project's where their own is empty", async () => {
    const secrets = resolver({ a: { env: "A" } }, { A: "project-a" });
    expect((await failure(secrets.forTenant({ a: { env: "T" } }).resolve("$SECRET(a)"))).code).toBe("missing-secret");
  });

  it("run no command", () => {
    expect(() => resolver({}).forTenant({ a: node("") })).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("what is missing", () => {
  it("is listed completely, each reference once, with its text", async () => {
    const secrets = resolver(
      { good: { env: "A" }, gone: { env: "NOT_SET" }, bad: node("process.exit(1)") },
      { A: "a" },
    );
    const texts = [
      "$SECRET(good)",
      "x$SECRET(gone)y",
      "$ENV(NOPE)$SECRET(toString)",
      "$SECRET(gone)",
      "$SECRET(bad)",
      "plain",
    ];
    const found = await secrets.missing(texts);
    expect(found.map(({ text, name, code }) => [text, name, code])).toEqual([
      ["x$SECRET(gone)y", "gone", "missing-secret"],
      ["$ENV(NOPE)$SECRET(toString)", "NOPE", "missing-environment-variable"],
      ["$ENV(NOPE)$SECRET(toString)", "toString", "missing-secret"],
      ["$SECRET(bad)", "bad", "secret-command-failed"],
    ]);
    expect(await secrets.missing(["$SECRET(good)", ""])).toEqual([]);
  });

  it("is not what was cancelled", async () => {
    const secrets = resolver({ a: { env: "A" } });
    expect((await failure(secrets.missing(["$SECRET(a)"], AbortSignal.abort()))).code).toBe("cancelled");
  });
});
