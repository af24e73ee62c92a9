import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { builtinConnectorTypes, createCatalog } from "../../src/catalog/index.ts";
import type { Properties } from "../../src/contract/index.ts";
import type { Project, ReportEvent } from "../../src/deploy/index.ts";
import { formatPlan } from "../../src/deploy/index.ts";
import { createClient } from "../../src/infino/index.ts";
import { createService } from "../../src/service/index.ts";
import { credentials, env, opened, project, projectFolder, write } from "./project-folder.ts";

/** None of its fields is secret by the catalog: what is secret is so by the template alone. */
const helpdesk = {
  id: "helpdesk",
  name: "Helpdesk",
  description: "",
  category: "support",
  disabled: false,
  supported_modes: ["import"],
  auth_strategy: "connection",
  connections: [
    {
      type: "token",
      label: "Token",
      integration_type: "native",
      fields: [
        { name: "base_url", label: "", required: true, type: "string" },
        { name: "hosts", label: "", required: false, type: "array" },
        { name: "options", label: "", required: false, type: "object" },
        { name: "timeout_secs", label: "", required: false, type: "integer", default: 30 },
      ],
    },
  ],
} as const;

const template = (config: string): string =>
  `_id: <<@ system @>>\ntype: connection\nsource: helpdesk\nauth: token\nconfig: ${config}\n`;
const sealed = (more = ""): string =>
  template(
    `{ base_url: "https://u:$SECRET(crm_api_key)@h/x", hosts: ["https://u:$SECRET(crm_api_key)@h1", "https://h2"], options: { url: "jdbc:x?password=$SECRET(crm_api_key)", depth: 1 }${more} }`,
  );

const planted = /planted/;

type Showing = (text: string) => string;
const clear: Showing = (text) => text;
const masked: Showing = (text) => text.replaceAll(/planted[a-z0-9-]*/g, "***");
const respelled: Showing = (text) => text.replaceAll("@h/x", "@h/x/").replaceAll("@h1", "@h1/");

/** A project whose target shows what is sent to it in its own way, and everything that the project says and keeps. */
const stage = async (show: Showing, config: string = sealed()) => {
  const service = await createService({
    credentials,
    statusWait: 0,
    catalog: createCatalog([...builtinConnectorTypes(), helpdesk]),
  });
  onTestFinished(() => service.close());
  const dir = await projectFolder({
    "connector-deployer.yaml": project,
    "catalog/helpdesk.json": JSON.stringify(helpdesk),
    "connectors/crm/manifest.yaml": "auth: api_key\nsystem-template: templates/system.yaml\n",
    "connectors/crm/templates/system.yaml": config,
    "tenants/t002.yaml": "id: t002\n",
  });
  const said: string[] = [];
  const hear = <T>(value: T): T => {
    said.push(JSON.stringify(value));
    return value;
  };
  const requests: string[] = [];
  const shown = async (request: Request): Promise<Response> => {
    requests.push(request.method);
    const answer = await service.fetch(request);
    return new Response(show(await answer.text()), { status: answer.status, headers: answer.headers });
  };
  const values = { ...env };
  const session = (): Promise<Project> =>
    opened(dir, { ...service, fetch: shown }, { env: values, report: (event: ReportEvent) => void hear(event) });
  /** By hand, past the project. */
  const api = createClient({
    endpoint: env.INFINO_ENDPOINT,
    ...credentials,
    fetch: (request) => service.fetch(request),
  });
  const { signal } = new AbortController();
  const live = async () => {
    const [connection] = await api.listConnections(signal);
    if (connection === undefined) throw new Error("there is no connection");
    return connection;
  };
  return {
    values,
    live,
    edit: async (config: Properties) => api.updateConnection((await live()).id, config, signal),
    api,
    signal,
    requests,
    template: (config: string) => write(dir, { "connectors/crm/templates/system.yaml": config }),
    plan: async (options = {}) => {
      const plan = await (await session()).plan(options);
      said.push(formatPlan(plan));
      return plan;
    },
    apply: async (plan: Awaited<ReturnType<Project["plan"]>>) => hear(await (await session()).apply(plan)),
    drift: async () => hear(await (await session()).drift()),
    destroy: async () => hear(await (await session()).planDestroy("t001")),
    status: async () => hear(await (await session()).status()),
    collect: async (all = false) => hear(await (await session()).entities("collect", { all })),
    /** Fails where something of a secret was said or is kept. */
    expectKept: async () => {
      expect(said.length).toBeGreaterThan(0);
      for (const text of said) expect(text).not.toMatch(planted);
      const folder = join(dir, ".connector-deployer");
      const files = (await readdir(folder)).filter((name) => name.startsWith("ledger"));
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) expect(await readFile(join(folder, name), "latin1")).not.toMatch(planted);
    },
  };
};

describe.each([
  ["in clear", clear],
  ["masked", masked],
  ["in clear and in its own spelling", respelled],
])("a secret inside of a longer value that the target shows %s", (_name, show) => {
  it("is sent whole, makes no noise, and is kept nowhere", async () => {
    const on = await stage(show);
    expect((await on.apply(await on.plan())).summary).toMatchObject({ insert: 1 });
    const password = env.CRM_KEY;
    expect((await on.live()).config).toMatchObject({
      base_url: `https://u:${password}@h/x`,
      hosts: [`https://u:${password}@h1`, "https://h2"],
      options: { url: `jdbc:x?password=${password}`, depth: 1 },
    });
    expect((await on.plan()).changes).toEqual([]);
    expect((await on.drift()).items).toEqual([]);
    await on.status();
    const [collected] = (await on.collect()).entities;
    expect(collected?.["config"]).toEqual({ name: "acme-t001-crm", options: { depth: 1 } });
    await on.expectKept();
  });

  it("that rotates is one PATCH", async () => {
    const on = await stage(show);
    await on.apply(await on.plan());
    on.values.CRM_KEY = "planted-anew";
    const plan = await on.plan();
    expect(plan.changes[0]?.fields?.map(({ path }) => path)).toEqual([
      "/config/base_url",
      "/config/hosts",
      "/config/options/url",
    ]);
    on.requests.length = 0;
    await on.apply(plan);
    expect(on.requests.filter((method) => method !== "GET")).toEqual(["PATCH"]);
    expect((await on.live()).config).toMatchObject({ base_url: "https://u:planted-anew@h/x" });
    expect((await on.plan()).changes).toEqual([]);
    await on.expectKept();
  });

  it("stays hidden where something else drifts, is set back, or is in conflict", async () => {
    const on = await stage(show, sealed(", timeout_secs: 30"));
    await on.apply(await on.plan());
    await on.edit({ timeout_secs: 5, base_url: "https://u:planted-by-hand@h/x", hosts: ["planted-by-hand"] });
    expect((await on.drift()).items).toMatchObject([{ fields: [{ path: "/config/timeout_secs", to: 5 }] }]);
    const plan = await on.plan();
    await on.edit({ timeout_secs: 6, options: { url: "planted-by-hand", depth: 3 } });
    await on.collect();
    expect((await on.apply(plan)).results).toMatchObject([{ outcome: "conflict" }]);
    expect((await on.apply(await on.plan())).results).toMatchObject([{ outcome: "done" }]);
    expect((await on.live()).config).toMatchObject({ base_url: `https://u:${env.CRM_KEY}@h/x`, timeout_secs: 30 });
    expect((await on.plan()).changes).toEqual([]);
    await on.destroy();
    await on.expectKept();
  });

  it("stays hidden where the object is adopted", async () => {
    const on = await stage(show);
    const theirs = {
      base_url: "https://u:planted-by-hand@h/x",
      hosts: ["planted-by-hand"],
      options: { url: "planted" },
    };
    await on.api.createConnection("helpdesk", { name: "acme-t001-crm", ...theirs }, on.signal);
    await on.collect();
    expect((await on.apply(await on.plan({ adopt: ["connection/*"] }))).results).toMatchObject([{ op: "adopt" }]);
    await on.apply(await on.plan());
    expect((await on.live()).config).toMatchObject({ base_url: `https://u:${env.CRM_KEY}@h/x` });
    expect((await on.plan()).changes).toEqual([]);
    await on.expectKept();
  });

  it("stays hidden where it is taken out of the files", async () => {
    const on = await stage(show);
    await on.apply(await on.plan());
    await on.template(template(`{ base_url: "https://u:$SECRET(crm_api_key)@h/x", options: { depth: 1 } }`));
    expect((await on.apply(await on.plan())).results).toMatchObject([{ outcome: "done" }]);
    expect((await on.live()).config).not.toHaveProperty("hosts");
    expect((await on.live()).config?.["options"]).toEqual({ depth: 1 });
    expect((await on.plan()).changes).toEqual([]);
    await on.expectKept();
  });

  it("stays hidden where plain values take its place, and where it comes back", async () => {
    const on = await stage(show);
    await on.apply(await on.plan());
    await on.template(template(`{ base_url: "https://plain/x", hosts: ["https://h2"], options: {} }`));
    await on.apply(await on.plan());
    expect((await on.live()).config).toMatchObject({ base_url: "https://plain/x", hosts: ["https://h2"], options: {} });
    expect((await on.plan()).changes).toEqual([]);
    await on.template(sealed());
    await on.apply(await on.plan());
    expect((await on.plan()).changes).toEqual([]);
    await on.expectKept();
  });
});

describe("a secret that gives way to a plain value on a target that is slow to show it", () => {
  it("is not taken for that value", async () => {
    let old: string | undefined;
    let stale = 0;
    const on = await stage((text) => {
      if (!text.includes('"base_url"') || text.startsWith("[")) return text;
      old ??= text;
      return stale-- > 0 ? old : text;
    });
    await on.apply(await on.plan());
    await on.template(template(`{ base_url: "https://plain/x" }`));
    const plan = await on.plan();
    old = undefined;
    // The read before the write, and some after it.
    stale = 4;
    expect((await on.apply(plan)).results).toMatchObject([{ outcome: "done" }]);
    expect((await on.plan()).changes).toEqual([]);
    await on.expectKept();
  });
});

describe("a target's words about a connection", () => {
  it("are shown without the credentials that they quote", async () => {
    const on = await stage((text) =>
      text.replaceAll(
        /"reason":"[^"]*"/g,
        `"reason":"https://u:${env.CRM_KEY}@h/x: password=${env.CRM_KEY} was refused"`,
      ),
    );
    await on.apply(await on.plan());
    const { items } = await on.status();
    expect(items[0]?.reason).toContain("was refused");
    await on.expectKept();
  });

  it("are shown without the secrets that they quote, however they spell them", async () => {
    const on = await stage((text) => {
      const { CRM_KEY: key } = env;
      const quoted = `login with ${key} failed, ${Buffer.from(key).toString("base64")}, ${encodeURIComponent(key)}`;
      return text.replaceAll(/"reason":"[^"]*"/g, `"reason":"${quoted}"`);
    });
    await on.apply(await on.plan());
    expect((await on.status()).items[0]?.reason).toBe("login with [redacted] failed, [redacted], [redacted]");
    await on.expectKept();
  });
});

describe("a credential in an object that is not ours", () => {
  it("is masked where everything is collected", async () => {
    const on = await stage(clear);
    const theirs = { name: "of-nobody", base_url: "https://u:planted@h/x", hosts: ["https://u:planted@h1"] };
    await on.api.createConnection("helpdesk", theirs, on.signal);
    const [collected] = (await on.collect(true)).entities;
    expect(collected?.["config"]).toMatchObject({
      base_url: "https://[redacted]@h/x",
      hosts: ["https://[redacted]@h1"],
    });
    await on.apply(await on.plan());
    await on.expectKept();
  });

  it("is left out where somebody wrote it beside what we declared", async () => {
    const on = await stage(clear);
    await on.apply(await on.plan());
    await on.edit({ options: { url: "planted", depth: 1, other: "https://u:planted@h" } });
    const [collected] = (await on.collect()).entities;
    expect(collected?.["config"]).toEqual({ name: "acme-t001-crm", options: { depth: 1 } });
    await on.expectKept();
  });
});
