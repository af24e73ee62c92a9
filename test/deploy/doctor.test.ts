import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Traits, traits } from "../../src/contract/index.ts";
import type { DoctorReport } from "../../src/deploy/index.ts";
import { createClient } from "../../src/infino/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import type { Service, ServiceOptions } from "../../src/service/index.ts";
import { createService } from "../../src/service/index.ts";
import { counted } from "./counting.ts";
import { credentials, env, opened, project, projectFolder, startedService } from "./project-folder.ts";

const serviceWith = async (options: ServiceOptions): Promise<Service> => {
  const service = await createService({ credentials, statusWait: 0, ...options });
  onTestFinished(() => service.close());
  return service;
};

const checkOf = (report: DoctorReport, check: string, trait?: string) =>
  report.checks.find((item) => item.check === check && item.trait === trait);

const bad = (report: DoctorReport) => report.checks.filter((check) => check.status === "bad");

/** The project with traits of its target. */
const withTraits = (text: string): string => project.replace("    settle: 5ms", `    traits: ${text}\n    settle: 5ms`);

/** The service, with what is said of its clock and every answer. */
const answering =
  (service: Service, headers: () => Readonly<Record<string, string>>) =>
  async (request: Request): Promise<Response> => {
    const answer = await service.fetch(request);
    const all = new Headers(answer.headers);
    for (const [name, value] of Object.entries(headers())) all.set(name, value);
    return new Response(answer.body, { status: answer.status, headers: all });
  };

describe("the doctor", () => {
  it("finds nothing bad in a project that works, and only reads", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const { project, requests, writes } = await counted(dir, service);
    await project.apply(await project.plan());
    requests.length = 0;
    const report = await project.doctor();
    expect(bad(report)).toEqual([]);
    expect(report).toMatchObject({ type: "doctor", schemaVersion: 1, environment: "default", settings: "" });
    expect(writes()).toEqual([]);
    expect(requests).toHaveLength(3);
    expect(report.checks.map(({ check }) => check)).toEqual([
      ...["node", "project", "ledger", "ledger-place", "leases", "open-operations"],
      ...["reachable", "credentials", "clock", "latency"],
      ...Object.keys(traits).map(() => "trait"),
    ]);
    expect(checkOf(report, "trait", "lists")).toMatchObject({ status: "ok", message: expect.stringMatching(/^full/) });
  });

  it("says what is wrong with the files and goes on with the rest", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "tenants/t003.yaml": "id: t003\nconnectors: { crn: {} }\n" });
    const report = await (await opened(dir, service)).doctor();
    expect(bad(report)).toMatchObject([{ check: "project", code: "invalid-files" }]);
    expect(checkOf(report, "credentials")).toMatchObject({ status: "ok" });
  });

  it("says what is wrong with the ledger and goes on with the rest", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    await (await opened(dir, service)).history();
    await writeFile(join(dir, ".connector-deployer/key"), `${"ab".repeat(32)}\n`);
    const report = await (await opened(dir, service)).doctor();
    expect(bad(report)).toMatchObject([{ check: "ledger", code: "ledger-key", hint: expect.any(String) }]);
    expect(checkOf(report, "credentials")).toMatchObject({ status: "ok" });
  });

  it("warns of a file ledger in CI, naming both ways out", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const report = await (await opened(dir, service, { env: { ...env, CI: "true" } })).doctor();
    expect(checkOf(report, "ledger-place")).toMatchObject({
      status: "warn",
      hint: expect.stringMatching(/postgres:.*ledger_key.*the file and its key/),
    });
    expect(checkOf(await (await opened(dir, service)).doctor(), "ledger-place")).toMatchObject({ status: "ok" });
  });

  it("names leases and operations that an ended run left behind", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    const [change] = (await project.plan({ tenants: ["t001"] })).changes;
    if (change === undefined) throw new Error("the plan is empty");
    // A handle that is gone without giving its lease back, on a machine that was started anew since.
    const ledger = await openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });
    onTestFinished(() => ledger[Symbol.asyncDispose]());
    const lease = await ledger.lease("t001", { ...localHolder("left"), bootId: "an-earlier-boot" });
    await ledger.intend(lease, "left", [{ change, seen: [] }]);
    const report = await project.doctor();
    expect(checkOf(report, "leases")).toMatchObject({ status: "warn", message: expect.stringContaining("t001") });
    expect(checkOf(report, "open-operations")).toMatchObject({
      status: "warn",
      message: expect.stringContaining("1 operation"),
    });
    expect(bad(report)).toEqual([]);
  });

  it("tells refused and missing credentials from a target that cannot be reached", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const wrong = await (await opened(dir, service, { env: { ...env, INFINO_SECRET_KEY: "another" } })).doctor();
    expect(bad(wrong)).toMatchObject([{ check: "credentials", target: "default", code: "unauthorized" }]);
    const { INFINO_SECRET_KEY: _, ...less } = env;
    const missing = await (await opened(dir, service, { env: less })).doctor();
    expect(bad(missing)).toMatchObject([{ check: "credentials", code: "missing-secret" }]);
    const fetch = () => Promise.resolve(new Response("gone", { status: 418 }));
    const odd = await (await opened(dir, service, { fetch })).doctor();
    expect(bad(odd)).toMatchObject([{ check: "reachable", code: "target-problem" }]);
  });

  it.each([
    [0, "ok"],
    [-30_000, "ok"],
    [120_000, "warn"],
    [-400_000, "bad"],
    [400_000, "bad"],
  ] as const)("calls a clock that is %i ms off %s", async (offset, status) => {
    const service = await startedService();
    const dir = await projectFolder();
    const date = () => ({ date: new Date(Date.now() + offset).toUTCString() });
    const report = await (await opened(dir, service, { fetch: answering(service, date) })).doctor();
    expect(checkOf(report, "clock")).toMatchObject({ status });
  });

  it("measures the clock of a target that refuses the signature for it", async () => {
    const ahead = await serviceWith({ clock: () => Date.now() + 3_600_000 });
    const date = () => ({ date: new Date(Date.now() + 3_600_000).toUTCString() });
    const dir = await projectFolder();
    const report = await (await opened(dir, ahead, { fetch: answering(ahead, date) })).doctor();
    expect(bad(report).map(({ check }) => check)).toEqual(["credentials", "clock"]);
    expect(checkOf(report, "clock")?.message).toMatch(/(3600|3599)\.\d s behind/);
  });

  it("finds by reading alone what contradicts the files, and gives the lines to set", async () => {
    const service = await serviceWith({ traits: { lists: "bare", secrets: "masked", updated_at: "none" } });
    const dir = await projectFolder({
      "connector-deployer.yaml": withTraits("{ names: unique, lists: bare, secrets: masked, updated_at: none }"),
    });
    const { project: own, requests, writes } = await counted(dir, service);
    await own.deployTenant("t001");
    requests.length = 0;
    expect(bad(await own.doctor())).toEqual([]);
    await writeFile(join(dir, "connector-deployer.yaml"), withTraits("{ patch: merge }"));
    const { project: other } = await counted(dir, service);
    const report = await other.doctor();
    expect(bad(report).map(({ trait }) => trait)).toEqual(["secrets", "lists", "updated_at"]);
    expect(report.settings).toBe(
      "targets:\n  default:\n    traits: { patch: merge, secrets: masked, lists: bare, updated_at: none }\n",
    );
    expect(writes()).toEqual([]);
  });

  it("takes two connections of one name for a proof that names are free", async () => {
    const service = await startedService();
    const dir = await projectFolder({ "connector-deployer.yaml": withTraits("{ names: unique }") });
    const free = await opened(await projectFolder(), service);
    await free.deployTenant("t001");
    const client = createClient({ endpoint: "http://x", ...credentials, fetch: (request) => service.fetch(request) });
    const never = new AbortController().signal;
    const config = { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "k" };
    await client.createConnection("elasticsearch", config, never);
    const report = await (await opened(dir, service)).doctor();
    expect(bad(report)).toMatchObject([{ check: "trait", trait: "names" }]);
  });
});

const connections = (service: Service) =>
  createClient({
    endpoint: "http://in.process",
    ...credentials,
    fetch: (request) => service.fetch(request),
  }).listConnections(new AbortController().signal);

const everyValue = Object.entries(traits).flatMap(([trait, values]) => values.map((value) => [trait, value] as const));

describe("the probe", () => {
  it.each(everyValue)("finds that %s is %s, and leaves nothing behind", async (trait, value) => {
    const service = await serviceWith({ traits: { [trait]: value } as Partial<Traits> });
    const dir = await projectFolder({
      "connector-deployer.yaml": project.replace(
        "verify: 200ms",
        trait === "updated_at" ? "verify: 2s" : "verify: 200ms",
      ),
    });
    const { project: own, requests } = await counted(dir, service);
    const report = await own.doctor({ probe: true });
    const declared = traits[trait as keyof Traits][0];
    expect(checkOf(report, "probe")).toMatchObject({ status: "ok" });
    expect(bad(report)).toMatchObject(value === declared ? [] : [{ check: "trait", trait }]);
    expect(checkOf(report, "trait", trait)?.message).toMatch(new RegExp(`^${value}: `));
    expect(report.settings).toBe(
      value === declared ? "" : `targets:\n  default:\n    traits: { ${trait}: ${value} }\n`,
    );
    const posts = requests.filter((request) => request.startsWith("POST"));
    expect(posts).toHaveLength(2);
    expect(await connections(service)).toEqual([]);
  });

  it("finds all of them at once, also where everything is otherwise than by default", async () => {
    const others = Object.fromEntries(Object.entries(traits).map(([trait, values]) => [trait, values.at(-1)]));
    const service = await serviceWith({ traits: others as Partial<Traits> });
    const dir = await projectFolder();
    const { project: own } = await counted(dir, service);
    const report = await own.doctor({ probe: true });
    // A PATCH that replaces takes out what is not sent, whatever a null does.
    expect(bad(report).map(({ trait }) => trait)).toEqual(Object.keys(traits).filter((trait) => trait !== "unset"));
    await writeFile(join(dir, "connector-deployer.yaml"), withTraits(/traits: (.*)/.exec(report.settings)?.[1] ?? ""));
    const again = await (await opened(dir, service)).doctor({ probe: true });
    expect(bad(again)).toEqual([]);
    expect(await connections(service)).toEqual([]);
  });

  /** A project whose target fails one kind of request, after or instead of doing it. */
  const failing = async (fails: (request: string, times: number) => "before" | "after" | undefined) => {
    const service = await startedService();
    const dir = await projectFolder();
    const seen = new Map<string, number>();
    const own = await opened(dir, service, {
      fetch: async (request) => {
        const name = request.method;
        const times = (seen.get(name) ?? 0) + 1;
        seen.set(name, times);
        const how = fails(name, times);
        const answer = how === "before" ? undefined : await service.fetch(request);
        if (how !== undefined || answer === undefined) {
          return Response.json({ error: { type: "internal", reason: "planted" }, status: 500 }, { status: 500 });
        }
        return answer;
      },
    });
    return { service, own };
  };

  it.each([
    ["the first create has no answer", "POST", 1],
    ["the second create has no answer", "POST", 2],
    ["the PATCH fails", "PATCH", 0],
  ] as const)("cleans up where %s", async (_, method, time) => {
    const { service, own } = await failing((name, times) =>
      name === method && (time === 0 || times === time) ? "after" : undefined,
    );
    const report = await own.doctor({ probe: true });
    expect(checkOf(report, "probe")).toMatchObject({ status: "bad", code: "target-problem" });
    expect(await connections(service)).toEqual([]);
  });

  it("finds what was made without an answer where lists show no names", async () => {
    const service = await startedService();
    let posts = 0;
    const own = await opened(await projectFolder(), service, {
      fetch: async (request) => {
        const answer = await service.fetch(request);
        if (request.method === "POST" && ++posts === 2) return Response.json({}, { status: 500 });
        if (new URL(request.url).pathname !== "/sources/connections") return answer;
        const listed = (await answer.json()) as readonly Readonly<Record<string, unknown>>[];
        return Response.json(listed.map(({ config: _, name: __, ...rest }) => rest));
      },
    });
    expect(checkOf(await own.doctor({ probe: true }), "probe")).toMatchObject({ status: "bad" });
    expect(await connections(service)).toEqual([]);
  });

  it("says what may be left of a create that was neither answered nor found", async () => {
    const { service, own } = await failing((name) => (name === "POST" ? "before" : undefined));
    const report = await own.doctor({ probe: true });
    expect(checkOf(report, "probe")).toMatchObject({ status: "bad", hint: expect.stringMatching(/perhaps one named/) });
    expect(await connections(service)).toEqual([]);
  });

  it("names what it could not delete", async () => {
    const { service, own } = await failing((name) => (name === "DELETE" ? "before" : undefined));
    const report = await own.doctor({ probe: true });
    const left = await connections(service);
    expect(left).toHaveLength(2);
    for (const { id, config } of left) {
      expect(checkOf(report, "probe")).toMatchObject({ status: "bad", hint: expect.stringContaining(id) });
      expect(config?.["name"]).toMatch(/^connector-deployer-probe-[0-9a-f]{12}$/);
    }
  }, 60_000);

  it("cleans up after an interrupt, and says that it was one", async () => {
    const service = await startedService();
    const stop = new AbortController();
    const own = await opened(await projectFolder(), service, {
      fetch: async (request) => {
        if (request.method === "PATCH") stop.abort();
        return service.fetch(request);
      },
    });
    await expect(own.doctor({ probe: true, signal: stop.signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(await connections(service)).toEqual([]);
  });
});
