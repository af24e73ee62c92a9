import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type ContractCase, messageOf, same } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";
import { planted, type World } from "../../support/pulumi/contract/world.ts";
import { programFolder, removeFolder } from "../../support/pulumi/dynamic-host.ts";
import { testCredentials } from "../../support/service.ts";

const project = (more = ""): string => `vendor: acme
targets:
  default:
    type: infino
    endpoint: $ENV(CONTRACT_ENDPOINT)
    access_key: $ENV(CONTRACT_ACCESS_KEY)
    secret_key: $SECRET(key)
    verify: 2s
${more}  other:
    type: infino
    endpoint: $ENV(CONTRACT_OTHER)
    access_key: $ENV(CONTRACT_ACCESS_KEY)
    secret_key: $SECRET(key)
secrets: { key: { env: CONTRACT_SECRET_KEY } }
connectors: {}
tenants: tenants/*.yaml
`;

const projectEnv = (world: World) => ({
  CONTRACT_ENDPOINT: world.front.url,
  CONTRACT_ACCESS_KEY: testCredentials.accessKey,
  CONTRACT_SECRET_KEY: testCredentials.secretKey,
});

/** Where a target, its credentials and its files are found, and what is said where they are not. */
export const placeCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "a program whose main is in a sub-folder starts its paths at Pulumi.yaml all the same",
    run: async ({ host, world, make, startHost }) => {
      world.write("keys/secret-key", `${testCredentials.secretKey}\n`);
      mkdirSync(join(world.folder, "program/main"), { recursive: true });
      const below = await startHost({ folder: join(world.folder, "program/main") });
      const target = { secretKey: { file: "keys/secret-key" } };
      const { id, inputs, outs } = await make({ ...(await subject.given(world)), target }, below);
      expect(await host.diff(id, outs, inputs)).toEqual(same);
      expect(await host.read(id, outs, inputs)).toEqual({ id, props: outs, inputs });
      expect(JSON.stringify([inputs, outs])).not.toContain(world.folder);
    },
  },
  {
    name: "a state that was made in another checkout has no difference here",
    run: async ({ host, world, make, startHost }) => {
      const elsewhere = programFolder();
      try {
        const given = await subject.given(world);
        if (subject.kind === "file-upload") mkdirSync(join(elsewhere, "data"));
        const { id, inputs, outs } = await make(given);
        const there = await startHost({ folder: elsewhere });
        expect(await there.diff(id, outs, inputs)).toEqual(same);
        expect(await there.read(id, outs, inputs)).toEqual({ id, props: outs, inputs });
        expect(await host.diff(id, outs, inputs)).toEqual(same);
        expect(JSON.stringify(outs)).not.toContain(world.folder);
      } finally {
        removeFolder(elsewhere);
      }
    },
  },
  {
    name: "a target of a project folder has that project's credentials and settings",
    run: async ({ world, make, startHost }) => {
      world.write("deploy/connector-deployer.yaml", project());
      const host = await startHost({ env: projectEnv(world) });
      const target = { project: "deploy" };
      const given = { ...(await subject.given(world)), target };
      const { id, inputs, outs } = await make(given, host);
      expect(outs).toMatchObject({ target, endpoint: world.front.url });
      expect(await host.read(id, outs, inputs)).toEqual({ id, props: outs, inputs });
      expect(await messageOf(host.create({ ...given, target: { project: "deploy", name: "none" } }))).toMatch(
        /no target "none".*default, other/,
      );
      expect(await messageOf(host.create({ ...given, target: { project: "deploy", name: "other" } }))).toContain(
        "CONTRACT_OTHER",
      );
      expect(await messageOf(host.create({ ...given, target: { project: "none" } }))).toContain("none");
    },
  },
  ...(subject.kind === "connection"
    ? [
        {
          name: "a target of a project folder has that project's traits",
          run: async ({ world, make, startHost }: Parameters<ContractCase["run"]>[0]) => {
            world.write("replacing/connector-deployer.yaml", project("    traits: { patch: replace }\n"));
            const host = await startHost({ env: projectEnv(world) });
            const given = { ...(await subject.given(world)), target: { project: "replacing" } };
            const { id, outs } = await make(given, host);
            await host.update(id, outs, subject.change?.news(given, world) ?? given);
            const body = JSON.parse(world.front.bodies.at(-1) ?? "") as { readonly config: object };
            expect(Object.keys(body.config).sort()).toEqual(["api_key", "base_url", "name", "timeout_secs"]);
          },
        },
      ]
    : []),
  {
    name: "a project folder that is broken is named with file and line",
    run: async ({ host, world }) => {
      world.write("broken/connector-deployer.yaml", "vendor: acme\ntargets: {}\nconectors: {}\n");
      const given = { ...(await subject.given(world)), target: { project: "broken" } };
      expect(await messageOf(host.create(given))).toMatch(/connector-deployer\.yaml:[0-9]+: /);
    },
  },
  {
    name: "environment variables that are missing are all named",
    run: async ({ world, checked, startHost }) => {
      const inputs = await checked(await subject.given(world));
      const host = await startHost({ env: { INFINO_ENDPOINT: world.front.url } });
      const message = await messageOf(host.create(inputs));
      expect(message).toContain("INFINO_ACCESS_KEY");
      expect(message).toContain("INFINO_SECRET_KEY");
      const target = { endpoint: { env: "CONTRACT_NONE" }, secretKey: { file: "keys/none" } };
      const other = await messageOf(host.create({ ...inputs, target }));
      expect(other).toContain("CONTRACT_NONE");
      expect(other).toContain("keys/none");
    },
  },
  {
    name: "a target whose credentials came later is found by the same host",
    run: async ({ host, world, checked }) => {
      const target = { secretKey: { file: `keys/later-${world.name()}` } };
      const inputs = await checked({ ...(await subject.given(world)), target });
      expect(await messageOf(host.create(inputs))).toContain(target.secretKey.file);
      world.write(target.secretKey.file, testCredentials.secretKey);
      expect((await host.create(inputs)).id).not.toBe("");
    },
  },
  {
    name: "credentials that are refused are called so, and not shown",
    run: async ({ world, checked, startHost }) => {
      const inputs = await checked(await subject.given(world));
      const host = await startHost({ env: { ...world.env, INFINO_SECRET_KEY: planted } });
      expect(await messageOf(host.create(inputs))).toMatch(/refused the credentials/);
      expect(host.printed()).not.toContain(planted);
      expect(await subject.count(inputs, world)).toBe(0);
    },
  },
  {
    name: "a target that nothing answers at is named, in seconds, whatever is asked",
    run: async ({ world, make, startHost }) => {
      const given = subject.keepsData ? { onDelete: "delete" } : {};
      const { id, inputs, outs } = await make({ ...(await subject.given(world)), ...given });
      const host = await startHost({ env: { ...world.env, INFINO_ENDPOINT: "http://127.0.0.1:1" } });
      const before = Date.now();
      const messages = await Promise.all([
        messageOf(host.create(inputs)),
        messageOf(host.read(id, outs, inputs)),
        messageOf(host.update(id, outs, inputs)),
        messageOf(host.delete(id, outs)),
      ]);
      for (const message of messages) expect(message).toContain("http://127.0.0.1:1");
      expect(Date.now() - before).toBeLessThan(20_000);
    },
  },
];
