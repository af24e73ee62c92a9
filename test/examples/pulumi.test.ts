import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseEnv, promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/infino/index.ts";
import { serve } from "../../src/service/index.ts";
import { programFolder, removeFolder, root } from "../support/pulumi/dynamic-host.ts";
import { createEngineDouble, type Run } from "../support/pulumi/engine-double.ts";
import { project, stack } from "../support/pulumi/engine-state.ts";
import { startProviderHost } from "../support/pulumi/provider-host.ts";
import { missingEngine, startRealEngine } from "../support/pulumi/real-engine.ts";
import { changedPaths } from "../support/pulumi/secret-marks.ts";
import { skip } from "../support/skip.ts";

const execute = promisify(execFile);
const never = new AbortController().signal;
const timeout = 300_000;

const isOfExample = (path: string): boolean =>
  !/^(node_modules|\.pulumi|\.connector-deployer|Pulumi\.[^.]+\.yaml)$/.test(basename(path));

/** A copy of an example, as `npm install` leaves it, with the environment of its demo.env and a service of its own. */
const startExample = async (name: string) => {
  const folder = programFolder();
  onTestFinished(() => removeFolder(folder));
  await cp(join(root, "examples", name), folder, { recursive: true, filter: isOfExample });
  const demo = parseEnv(await readFile(join(folder, "demo.env"), "utf8")) as Readonly<Record<string, string>>;
  const { INFINO_ACCESS_KEY: accessKey = "", INFINO_SECRET_KEY: secretKey = "" } = demo;
  const server = await serve({ credentials: { accessKey, secretKey }, statusWait: 0 });
  onTestFinished(() => server.close());
  const client = createClient({ endpoint: server.url, accessKey, secretKey });
  const given = Object.entries({ ...demo, INFINO_ENDPOINT: server.url, CRM_URL: "http://127.0.0.1:1" });
  const env: Readonly<Record<string, string>> = Object.fromEntries(
    given.filter(([variable]) => !variable.startsWith("PULUMI_")),
  );
  const secrets = Object.values(env).filter((value) => value.startsWith("placeholder-"));
  expect(secrets.length).toBeGreaterThan(1);
  return {
    folder,
    env,
    /** Changes the connection of this name as somebody else would. */
    drift: async (connection: string): Promise<void> => {
      const found = (await client.listConnections(never)).find(({ config }) => config?.["name"] === connection);
      await client.updateConnection(String(found?.id), { timeout_secs: 5 }, never);
    },
    /** How many connections, jobs and datasets the service holds. */
    live: async (): Promise<readonly number[]> => [
      (await client.listConnections(never)).length,
      (await client.listImportJobs(never)).length,
      (await client.listDatasets(never)).length,
    ],
    expectNoSecret: (text: string): void => {
      for (const secret of secrets) expect(text).not.toContain(secret);
    },
  };
};

type Example = Awaited<ReturnType<typeof startExample>>;

const startDouble = async ({ folder, env }: Example, settings: { readonly [kind: string]: Record<string, string> }) => {
  const engine = createEngineDouble(() => startProviderHost(folder, env));
  const program = { folder, file: "index.mjs", env, ...settings };
  /** What became of the resources that a provider makes. */
  const told = async (work: Promise<Run>): Promise<readonly string[]> => {
    const { ok, steps, log } = await work;
    expect(ok, log).toBe(true);
    const made = steps.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"));
    return made.map(({ op, name, shown }) => [op, name, ...shown].join(" ")).sort();
  };
  return {
    engine,
    program,
    up: () => told(engine.up(program)),
    refresh: () => told(engine.refresh()),
    preview: () => told(engine.preview(program)),
    destroy: () => told(engine.destroy()),
  };
};

const startReal = async ({ folder, env, expectNoSecret }: Example, stackName: string) => {
  const engine = await startRealEngine(folder, env, stackName);
  onTestFinished(() => engine.remove());
  const counts = async (...args: readonly string[]): Promise<Readonly<Record<string, number>>> => {
    const { ok, text, counts: found } = await engine.run(...args);
    expect(ok, text).toBe(true);
    expectNoSecret(text);
    return found;
  };
  return {
    engine,
    counts,
    write: (command: string) => counts(command, "--yes", "--skip-preview"),
    /** What a preview would change in what. */
    changes: async () =>
      (await engine.previewSteps()).flatMap(({ op, urn, before, after }) =>
        op === "same" ? [] : [[op, urn.split("::").at(-1), ...changedPaths(before, after)].join(" ")],
      ),
  };
};

type Story = {
  readonly example: string;
  /** Beside the stack. */
  readonly components: number;
  readonly resources: number;
  readonly live: readonly number[];
  readonly connection: string;
  readonly config: Readonly<Record<string, string>>;
  readonly secretConfig: Readonly<Record<string, string>>;
};

const stories: readonly Story[] = [
  {
    example: "pulumi-connection",
    components: 0,
    resources: 3,
    live: [1, 1, 1],
    connection: "acme-crm",
    config: { base_url: "http://127.0.0.1:1" },
    secretConfig: { api_key: "placeholder-crm-key" },
  },
  {
    example: "pulumi-tenant",
    components: 1,
    resources: 5,
    live: [1, 2, 2],
    connection: "acme-t042-crm",
    config: {},
    secretConfig: {},
  },
];

const reason = missingEngine();

describe.each(stories)("examples/$example", (story) => {
  const { example: name, resources, live, connection } = story;
  const what = "is deployed, left alone, set back after a change behind its back, and destroyed";

  it(`${what} (test double of the engine)`, { timeout }, async () => {
    const example = await startExample(name);
    const own = (settings: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${project}:${key}`, value]));
    const { engine, up, refresh, preview, destroy } = await startDouble(example, {
      config: own(story.config),
      secretConfig: own(story.secretConfig),
    });
    const all = (op: string) => Array(resources).fill(expect.stringMatching(`^${op} `));
    expect(await up()).toEqual(all("create"));
    expect(await example.live()).toEqual(live);
    example.expectNoSecret(engine.rawState());
    expect(await up()).toEqual(all("same"));

    await example.drift(connection);
    expect((await refresh()).filter((step) => !step.startsWith("same"))).toEqual([
      expect.stringMatching(`^refresh ${connection}`),
    ]);
    const update = `update ${connection} config.timeout_secs`;
    expect((await preview()).filter((step) => !step.startsWith("same"))).toEqual([update]);
    expect((await up()).filter((step) => !step.startsWith("same"))).toEqual([update]);
    expect(await up()).toEqual(all("same"));

    expect(await destroy()).toEqual(all("delete"));
    expect(await example.live()).toEqual([0, 0, 0]);
  });

  if (reason !== undefined) skip(`examples/${name} ${what} (Pulumi's engine)`, reason);
  else {
    it(`${what} (Pulumi's engine)`, { timeout }, async () => {
      const example = await startExample(name);
      const { engine, counts, write, changes } = await startReal(example, "dev");
      for (const [key, value] of Object.entries(story.config)) await counts("config", "set", key, value);
      for (const [key, value] of Object.entries(story.secretConfig)) {
        await counts("config", "set", "--secret", key, value);
      }
      const all = 1 + story.components + resources;
      expect(await write("up")).toEqual({ created: all });
      expect(await example.live()).toEqual(live);
      example.expectNoSecret(JSON.stringify(await engine.state()));
      expect(await write("up")).toEqual({ unchanged: all });

      await example.drift(connection);
      expect(await write("refresh")).toEqual({ updated: 1, unchanged: all - 1 });
      expect(await changes()).toEqual([`update ${connection} config.timeout_secs`]);
      expect(await write("up")).toEqual({ updated: 1, unchanged: all - 1 });

      expect(await write("destroy")).toEqual({ deleted: all });
      expect(await example.live()).toEqual([0, 0, 0]);
    });
  }
});

describe("examples/pulumi-fleet", () => {
  /** What a preview says of the plan, a line for each change. */
  const planLines = (text: string): readonly string[] =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^[+~±=-] [a-z-]+\//.test(line));
  const drifted = (tenant: string) => [
    expect.stringMatching(
      // A secret may have been changed along with it: the target only tells that something was.
      new RegExp(
        `^~ connection/acme-${tenant}-crm: config\\.timeout_secs \\(changed on the target\\)(; written again, since it cannot be read: config\\.api_key)?$`,
      ),
    ),
  ];
  const what =
    "deploys the tenant of a stack, leaves it alone, sets back what changed behind its back, and destroys it";

  it(`${what} (test double of the engine)`, { timeout }, async () => {
    const example = await startExample("pulumi-fleet");
    // The double has one stack.
    const tenants = join(example.folder, "deploy/tenants");
    const tenant = await readFile(join(tenants, "t001.yaml"), "utf8");
    await writeFile(join(tenants, `${stack}.yaml`), tenant.replace("id: t001", `id: ${stack}`));
    const { engine, program, up, refresh, destroy } = await startDouble(example, {});
    expect(await up()).toEqual([`create ${stack}`]);
    expect(await example.live()).toEqual([1, 2, 2]);
    example.expectNoSecret(engine.rawState());
    expect(await up()).toEqual([`same ${stack}`]);

    await example.drift(`acme-${stack}-crm`);
    expect(await refresh()).toEqual([expect.stringMatching(`^refresh ${stack}`)]);
    const preview = await engine.preview(program);
    expect(preview.ok, preview.log).toBe(true);
    expect(planLines(preview.log)).toEqual(drifted(stack));
    expect(await up()).toEqual([expect.stringMatching(`^update ${stack}`)]);
    expect(await up()).toEqual([`same ${stack}`]);

    expect(await destroy()).toEqual([`delete ${stack}`]);
    expect(await example.live()).toEqual([0, 0, 0]);
  });

  const whole = "deploys every tenant's stack with `connector-deployer pulumi`, shows what changed, and destroys all";
  if (reason !== undefined) skip(`examples/pulumi-fleet ${whole} (Pulumi's engine)`, reason);
  else {
    it(`${whole} (Pulumi's engine)`, { timeout }, async () => {
      const example = await startExample("pulumi-fleet");
      const { engine } = await startReal(example, "t001");
      const main = join(root, "dist/cli/main.js");
      const outcomes = async (...args: readonly string[]): Promise<readonly string[]> => {
        const { stdout } = await execute(process.execPath, [main, "pulumi", ...args, "-p", "deploy", "-o", "json"], {
          cwd: example.folder,
          env: engine.env,
        });
        example.expectNoSecret(stdout);
        const { results } = JSON.parse(stdout) as { results: readonly { tenant: string; outcome: string }[] };
        return results.map(({ tenant, outcome }) => `${tenant} ${outcome}`).sort();
      };
      expect(await outcomes("up", "--yes")).toEqual(["t001 done", "t002 done", "t003 done"]);
      expect(await example.live()).toEqual([3, 5, 5]);
      expect(await outcomes("up", "--yes")).toEqual(["t001 unchanged", "t002 unchanged", "t003 unchanged"]);

      await example.drift("acme-t002-crm");
      expect(await outcomes("refresh")).toEqual(["t001 unchanged", "t002 done", "t003 unchanged"]);
      expect(await outcomes("preview")).toEqual(["t001 unchanged", "t002 changes", "t003 unchanged"]);
      const { text } = await engine.run("preview", "--stack", "t002");
      expect(planLines(text)).toEqual(drifted("t002"));
      expect(await outcomes("up", "--yes", "-t", "t002")).toEqual(["t002 done"]);

      expect(await outcomes("destroy", "--yes", "-t", "*")).toEqual(["t001 done", "t002 done", "t003 done"]);
      expect(await example.live()).toEqual([0, 0, 0]);
    });
  }
});
