import { expect } from "vitest";
import { pointer } from "../../../src/pulumi/pointer.ts";
import type { ContractCase } from "../../support/pulumi/contract/scene.ts";
import { type Subject, without, withValue } from "../../support/pulumi/contract/subject.ts";
import { planted } from "../../support/pulumi/contract/world.ts";
import type { State } from "../../support/pulumi/provider-host.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Arguments are checked without a request, and what is wrong is named by its property. */
export const checkCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "check gives back what is right, and the pointer, and asks nobody",
    run: async ({ host, world, checked, requestsOf }) => {
      const given = await subject.given(world);
      let inputs: State = {};
      expect(
        await requestsOf(async () => {
          inputs = await checked(given);
        }),
      ).toEqual([]);
      expect(inputs).toMatchObject({ ...given, __provider: pointer(subject.kind) });
      // What it gives back it takes again, and then nothing changes any more.
      expect((await host.check(inputs, inputs)).inputs).toEqual(inputs);
    },
  },
  {
    name: "check names an unknown argument, and a likely one",
    run: async ({ host, world }) => {
      const { failures } = await host.check({}, { ...(await subject.given(world)), overwriteDrfit: true });
      expect(failures).toEqual([
        { property: "overwriteDrfit", reason: expect.stringContaining('did you mean "overwriteDrift"') },
      ]);
    },
  },
  ...subject.required.map((name) => ({
    name: `check asks for ${name}`,
    run: async ({ host, world }: Parameters<ContractCase["run"]>[0]) => {
      const { failures } = await host.check({}, without(await subject.given(world), name));
      expect(failures).toEqual([{ property: name, reason: expect.stringMatching(/required/) }]);
    },
  })),
  ...subject.wrong.map(({ what, news, property, reason }) => ({
    name: `check names ${what}`,
    run: async ({ host, world }: Parameters<ContractCase["run"]>[0]) => {
      const { failures } = await host.check({}, news(await subject.given(world), world));
      expect([...new Set(failures.map((failure) => failure.property))]).toEqual([property]);
      expect(failures[0]?.reason).toMatch(reason);
      expect(JSON.stringify(failures)).not.toContain(planted);
    },
  })),
  {
    name: "check takes null for no value",
    run: async ({ world, checked }) => {
      const given = await subject.given(world);
      const inputs = await checked({ ...given, adopt: null, target: null, catalog: null, overwriteDrift: null });
      expect(inputs).toEqual(await checked(given));
      expect(await checked({ ...given, target: { endpoint: null } })).toMatchObject(given);
    },
  },
  {
    name: "check wants credentials by the names of their places, never as values",
    run: async ({ host, world }) => {
      const target = { endpoint: planted, accessKey: { value: planted }, secretKey: { env: "A", file: "b" } };
      const { failures } = await host.check({}, { ...(await subject.given(world)), target });
      expect(failures.map(({ property }) => property).sort()).toEqual([
        "target.accessKey",
        "target.endpoint",
        "target.secretKey",
      ]);
      for (const { reason } of failures) expect(reason).toContain("{ env: NAME }");
      expect(JSON.stringify(failures)).not.toContain(planted);
    },
  },
  {
    name: "check does not take two forms of a target at once",
    run: async ({ host, world }) => {
      const given = await subject.given(world);
      const both = await host.check({}, { ...given, target: { project: "deploy", endpoint: { env: "X" } } });
      expect(both.failures).toMatchObject([{ property: "target.endpoint" }]);
      const half = await host.check({}, { ...given, target: { environment: "stage" } });
      expect(half.failures).toMatchObject([{ property: "target.environment" }]);
    },
  },
  {
    name: "check names a catalog that cannot be read, or is not known yet",
    run: async ({ host, world }) => {
      const given = await subject.given(world);
      world.write("catalog/broken.yaml", "id: [");
      const cases: readonly (readonly [unknown, RegExp])[] = [
        [["catalog/none.yaml"], /none\.yaml does not exist/],
        [["catalog/broken.yaml"], /not valid YAML/],
        ["catalog/none.yaml", /list/],
        [[1], /list/],
        [unknown, /known when the program runs/],
        [[unknown], /known when the program runs/],
      ];
      for (const [catalog, reason] of cases) {
        const { failures } = await host.check({}, { ...given, catalog });
        expect(failures).toEqual([{ property: "catalog", reason: expect.stringMatching(reason) }]);
      }
    },
  },
  {
    name: "check names settings that are neither true nor false",
    run: async ({ host, world }) => {
      const given = await subject.given(world);
      const { failures } = await host.check({}, { ...given, adopt: "yes", overwriteDrift: 1 });
      expect(failures.map(({ property }) => property).sort()).toEqual(["adopt", "overwriteDrift"]);
    },
  },
  {
    name: "check wants a secret from the program, not a manifest's reference",
    run: async ({ host, world }) => {
      const given = await subject.given(world);
      const first = subject.required[0] ?? "";
      const { failures } = await host.check({}, { ...given, [first]: { $secret: "x" } });
      expect(failures).toMatchObject([{ property: first, reason: expect.stringContaining("Pulumi secret") }]);
    },
  },
  ...subject.unknowns.map((path) => ({
    name: `a preview that does not know ${path.join(".")} checks it, and shows a change`,
    run: async ({ host, world, make, checked, requestsOf }: Parameters<ContractCase["run"]>[0]) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      const news = withValue(given, path, unknown) as State;
      const requests = await requestsOf(async () => {
        const inputs = await checked(news, given);
        expect(inputs).toMatchObject(news);
        expect((await host.diff(id, outs, inputs)).changes).toBe(true);
      });
      expect(requests).toEqual([]);
      // A new resource has no olds.
      await checked(news);
    },
  })),
  {
    name: "a preview that knows nothing at all has nothing to complain of",
    run: async ({ world, checked }) => {
      const given = await subject.given(world);
      await checked(Object.fromEntries(Object.keys(given).map((name) => [name, unknown])));
    },
  },
  {
    name: "a preview that does not know its target yet has nothing to complain of",
    run: async ({ host, world, make, checked }) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      for (const target of [unknown, { endpoint: unknown }, { endpoint: { env: unknown } }, { project: unknown }]) {
        const inputs = await checked({ ...given, target });
        expect(await host.diff(id, outs, inputs)).toEqual({ changes: true, replaces: [], deletesFirst: false });
      }
    },
  },
  {
    name: "what a preview does not know hides nothing that is wrong beside it",
    run: async ({ host, world }) => {
      const first = subject.required[0] ?? "";
      const news = { ...(await subject.given(world)), [first]: unknown, adopt: "yes" };
      const { failures } = await host.check({}, news);
      expect(failures.map(({ property }) => property)).toEqual(["adopt"]);
    },
  },
];
