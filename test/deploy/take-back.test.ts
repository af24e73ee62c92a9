import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Json, Properties } from "../../src/contract/index.ts";
import { at, withAt } from "../../src/contract/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { credentialFingerprint } from "../../src/pulumi/stacks/index.ts";
import { signedClient } from "../support/signed.ts";
import type { Stage } from "./hand-over-bench.ts";
import { handedOver, innerSecrets, programOf, stackExport, stage, statesOf, takenBack } from "./hand-over-bench.ts";
import { credentials, env, opened, tenant, write } from "./project-folder.ts";

type Document = ReturnType<typeof stackExport>;

/** Handed over and deployed by Pulumi, and what `pulumi stack export` says then. */
const away = async (files = {}, showSecrets = false) => {
  const bench = await stage(files);
  const { resources } = await handedOver(bench.project);
  const program = await programOf(bench.project, resources);
  return { ...bench, resources, program, document: stackExport(resources, program, showSecrets) };
};

/** The state with another value in the resource of that name. */
const changed = (document: Document, name: string, path: string, value: Json | undefined): Document => ({
  ...document,
  deployment: {
    resources: document.deployment.resources.map((resource) =>
      String(at(resource, "/urn")).endsWith(`::${name}`) ? withAt(resource as Properties, path, value) : resource,
    ),
  },
});

const only = (document: Document, ...names: readonly string[]): Document => ({
  ...document,
  deployment: {
    resources: document.deployment.resources.filter((resource) =>
      names.some((name) => String(at(resource, "/urn")).endsWith(`::${name}`)),
    ),
  },
});

/** The same folder with an empty ledger. */
const withoutLedger = async ({ project, dir, service }: Stage) => {
  await project[Symbol.asyncDispose]();
  await rm(join(dir, ".connector-deployer"), { recursive: true });
  return opened(dir, service);
};

const reasons = (left: readonly { readonly kind: string; readonly _id: string; readonly reason: string }[]) =>
  Object.fromEntries(left.map(({ kind, _id, reason }) => [`${kind}/${_id}`, reason]));

const job = "acme-t001-crm-contact-collect";

const fieldsOf = async (project: Stage["project"]): Promise<readonly unknown[]> =>
  (await project.plan()).changes.map(({ op, kind, fields = [] }) => [op, kind, fields.map(({ path }) => path)]);

describe("taken back", () => {
  it("fills a ledger that was lost: the plan is empty", async () => {
    const bench = await away(innerSecrets);
    const project = await withoutLedger(bench);
    const back = await takenBack(project, bench.document);
    expect(back.left).toEqual([]);
    expect(back.items.every(({ adopted }) => adopted)).toBe(true);
    expect(back.items).toHaveLength(bench.resources.length);
    const plan = await project.plan();
    expect(plan.changes).toEqual([]);
    expect(plan.refusals).toEqual([]);
    // And the ledger knows where it is.
    const other = await opened(bench.dir, bench.service, { env: { ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" } });
    expect((await other.plan()).refusals).toMatchObject([{ guard: "other-endpoint" }]);
  });

  it("again says that there is nothing to do", async () => {
    const { project, document } = await away();
    await takenBack(project, document);
    const again = await takenBack(project, document);
    expect(again).toMatchObject({ items: [], left: [] });
    expect(again.known).toHaveLength(3);
    expect(again).not.toHaveProperty("run");
  });

  it("shows what the state declares and the files do not, such as a query", async () => {
    const { project, document } = await away();
    const query = JSON.stringify({ query: { match_none: {} } });
    const { items } = await takenBack(project, changed(document, job, "/inputs/query", query));
    expect(items.find(({ kind }) => kind === "import-job")?.fields).toMatchObject([{ path: "/query", from: query }]);
    expect(await fieldsOf(project)).toEqual([["replace", "import-job", ["/query"]]]);
  });

  it("shows what Pulumi changed on the target since", async () => {
    const { project, document, resources, service } = await away();
    const id = resources.find(({ name }) => name === "acme-t001-crm")?.id ?? "";
    const client = signedClient(credentials, (request) => service.fetch(request));
    await client("PATCH", `/source/${id}`, { config: { timeout_secs: 7 } });
    await takenBack(project, changed(document, "acme-t001-crm", "/inputs/config/timeout_secs", 7));
    expect(await fieldsOf(project)).toEqual([["update", "connection", ["/config/timeout_secs"]]]);
  });

  it("is not what somebody else changed behind Pulumi's back, where the state can be read", async () => {
    const { project, document, resources, service } = await away({}, true);
    const id = resources.find(({ name }) => name === "acme-t001-crm")?.id ?? "";
    const client = signedClient(credentials, (request) => service.fetch(request));
    await client("PATCH", `/source/${id}`, { config: { timeout_secs: 7 } });
    await takenBack(project, document);
    const { items } = await project.drift();
    expect(items.map(({ fields }) => fields.map(({ path }) => path))).toEqual([["/config/timeout_secs"]]);
  });

  it("leaves what the ledger adopted and what Pulumi never had alone", async () => {
    const { project, document } = await away();
    const back = await takenBack(project, document, ["dataset/*"]);
    expect(back.items.map(({ kind }) => kind)).toEqual(["dataset"]);
    expect(back.left).toEqual([]);
    expect((await project.plan()).refusals).toMatchObject([{ guard: "handed-over" }]);
    await takenBack(project, document);
    expect((await project.plan()).refusals).toEqual([]);
  });
});

describe("a secret in the state", () => {
  const other = { ...env, CRM_KEY: "another-crm-key-value" };

  it("that is encrypted counts as what the files say", async () => {
    const bench = await away();
    // Without what the hand-over left, as after an update by Pulumi.
    const document = changed(bench.document, "acme-t001-crm", "/outputs/fingerprints", undefined);
    const project = await opened(bench.dir, bench.service, { env: other });
    await takenBack(project, document);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("that the hand-over left a fingerprint of is compared", async () => {
    const bench = await away();
    const document = changed(bench.document, "acme-t001-crm", "/inputs/config/api_key", undefined);
    const project = await opened(bench.dir, bench.service, { env: other });
    const { items } = await takenBack(project, document);
    expect(items.flatMap(({ fields }) => fields)).toMatchObject([{ path: "/config/api_key", class: "unknown" }]);
    expect(await fieldsOf(project)).toEqual([["update", "connection", ["/config/api_key"]]]);
  });

  it("that is in clear is compared, and never shown", async () => {
    const bench = await away({}, true);
    const same = await takenBack(bench.project, bench.document);
    expect(same.items.flatMap(({ fields }) => fields)).toEqual([]);
    expect((await bench.project.plan()).changes).toEqual([]);

    const second = await away({}, true);
    const project = await opened(second.dir, second.service, { env: other });
    const back = await takenBack(project, second.document);
    expect(await fieldsOf(project)).toEqual([["update", "connection", ["/config/api_key"]]]);
    expect(JSON.stringify([back, await project.plan()])).not.toMatch(/planted-crm-key|another-crm-key/);
  });

  it("that is none in the files is compared too, and never shown", async () => {
    const bench = await away();
    const [signature, secret] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];
    const mark = (value: Json): Json => ({ [signature]: secret, plaintext: JSON.stringify(value) });
    const same = changed(bench.document, "acme-t001-crm", "/inputs/config/base_url", mark("http://127.0.0.1:9"));
    await takenBack(bench.project, changed(same, job, "/inputs/query", mark("planted-query")));
    expect(await fieldsOf(bench.project)).toEqual([["replace", "import-job", ["/query"]]]);
    expect(JSON.stringify(await bench.project.plan())).not.toContain("planted-query");
  });

  it("that has no value here is written once it has", async () => {
    const bench = await away();
    const { CRM_KEY: _, ...without } = env;
    const project = await opened(bench.dir, bench.service, { env: without });
    const document = changed(bench.document, "acme-t001-crm", "/outputs/fingerprints", undefined);
    await takenBack(project, document);
    const again = await opened(bench.dir, bench.service);
    expect(await fieldsOf(again)).toEqual([["update", "connection", ["/config/api_key"]]]);
  });

  it.each([true, false])(
    "that the files do not have is taken away by the next apply (in clear: %s)",
    async (isClear) => {
      const bench = await away(innerSecrets);
      const [signature, secret] = ["4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"];
      const token = isClear ? "planted-token" : { [signature]: secret, ciphertext: "v1:AAAA:BBBB" };
      await takenBack(bench.project, changed(bench.document, "acme-t001-crm", "/inputs/config/token", token));
      const { changes } = await bench.project.plan();
      expect(changes.flatMap(({ fields = [] }) => fields)).toMatchObject([{ path: "/config/token", class: "removed" }]);
      expect(JSON.stringify(changes)).not.toContain("planted-token");
    },
  );
});

describe("left is", () => {
  it("what the files do not ask for, and what refers to it", async () => {
    const bench = await away();
    const project = await withoutLedger(bench);
    await write(bench.dir, { "tenants/t001.yaml": tenant("t001", "state: absent\n") });
    const back = await takenBack(await opened(bench.dir, bench.service), bench.document);
    expect(back.items).toEqual([]);
    expect(Object.keys(reasons(back.left))).toHaveLength(3);
    expect(back).not.toHaveProperty("run");
    await project[Symbol.asyncDispose]();
  });

  it("what is gone from the target, or at another one", async () => {
    const bench = await away();
    const { project, document } = bench;
    const client = signedClient(credentials, (request) => bench.service.fetch(request));
    await client("DELETE", "/acme-t001-crm-contact");
    const back = await takenBack(project, document);
    expect(reasons(back.left)["dataset/acme-t001-crm-contact"]).toContain("is not on the target");
    const moved = changed(document, "acme-t001-crm-contact", "/outputs/endpoint", "http://elsewhere.example");
    const again = await takenBack(project, moved);
    expect(reasons(again.left)["dataset/acme-t001-crm-contact"]).toContain("http://elsewhere.example");
  });

  for (const ledger of ["has it as Pulumi's", "does not have it"]) {
    it(`what is at another endpoint, though its name is taken here too, where the ledger ${ledger}`, async () => {
      const bench = await away();
      const project = ledger === "does not have it" ? await withoutLedger(bench) : bench.project;
      const dataset = only(bench.document, "acme-t001-crm-contact");
      const moved = changed(dataset, "acme-t001-crm-contact", "/outputs/endpoint", "http://elsewhere.example");
      const back = await takenBack(project, moved);
      expect(back).toMatchObject({ items: [], left: [{ kind: "dataset" }] });
      expect(reasons(back.left)["dataset/acme-t001-crm-contact"]).toContain("http://elsewhere.example");
      expect((await takenBack(project, moved, [], { acceptTarget: true })).items).toHaveLength(1);
    });
  }

  it("what another live object is here", async () => {
    const bench = await away();
    const { project } = bench;
    await takenBack(project, bench.document);
    const stranger = changed(bench.document, "acme-t001-crm", "/id", "conn-0000000000000000");
    const back = await takenBack(project, only(stranger, "acme-t001-crm"));
    expect(reasons(back.left)["connection/acme-t001-crm"]).toContain("the ledger's connection/acme-t001-crm is conn-");
  });

  it("what the state does not have, and Pulumi drives still", async () => {
    const { project, document } = await away();
    const back = await takenBack(project, only(document, "acme-t001-crm"));
    expect(Object.keys(reasons(back.left)).sort()).toEqual([
      "dataset/acme-t001-crm-contact",
      "import-job/acme-t001-crm-contact-collect",
    ]);
    expect((await project.plan()).refusals).toMatchObject([
      { guard: "handed-over", resources: [expect.any(String), expect.any(String)] },
    ]);
  });

  it("one of two that are the same here", async () => {
    const { project, document } = await away();
    const [, , first, ...rest] = document.deployment.resources;
    const twice = { ...document, deployment: { resources: [first ?? null, first ?? null, ...rest] } };
    const back = await takenBack(project, twice);
    expect(back.items).toHaveLength(3);
    expect(back.left).toHaveLength(1);
  });

  it("everything where the target is another one than the ledger's", async () => {
    const bench = await away();
    const project = await opened(bench.dir, bench.service, { env: { ...env, INFINO_ENDPOINT: "http://127.0.0.1:2" } });
    await expect(takenBack(project, bench.document)).rejects.toMatchObject({ code: "blocked" });
  });
});

describe("taking back", () => {
  it("is one run at a time, and changes nothing where the answer is no", async () => {
    const bench = await away();
    const { project, document, dir } = bench;
    const no = project.takeBack({
      state: statesOf(document),
      fingerprint: credentialFingerprint,
      confirm: async () => {
        throw new Error("no");
      },
    });
    await expect(no).rejects.toThrow("no");
    await using ledger = await openLedger(join(dir, ".connector-deployer/ledger.db"), { environment: "default" });
    {
      await using _lease = await ledger.lease("t001", localHolder("another"));
      await expect(takenBack(project, document)).rejects.toMatchObject({ code: "lease-held" });
    }
    expect((await ledger.entries("t001")).map(({ driver }) => driver)).toEqual(["pulumi", "pulumi", "pulumi"]);
    const { run } = await takenBack(project, document);
    expect((await project.run(run ?? "")).run).toMatchObject({ command: "take-back", outcome: "done" });
  });

  it("is about the selected tenants alone", async () => {
    const bench = await stage({ "tenants/t002.yaml": tenant("t002") });
    const { project } = bench;
    const { resources } = await handedOver(project, ["*/acme-t001-*"]);
    const state = statesOf(stackExport(resources, await programOf(project, resources)));
    const options = { state, fingerprint: credentialFingerprint };
    expect(await project.takeBack({ ...options, tenants: ["t002"] })).toMatchObject({ items: [], left: [], known: [] });
    expect((await project.takeBack({ ...options, tenants: ["t001"] })).items).toHaveLength(3);
  });
});
