import { expect } from "vitest";
import { type ContractCase, type Scene, same, updated } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";

/** Differences are judged by the state alone. */
export const diffCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "diff finds nothing after a create, either way round, and asks nobody",
    run: async ({ host, world, make, requestsOf }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      const requests = await requestsOf(async () => {
        expect(await host.diff(id, outs, inputs)).toEqual(same);
        expect(await host.diff(id, outs, outs)).toEqual(same);
        expect(await host.diff(id, inputs, outs)).toEqual(same);
        expect(await host.diff(id, outs, inputs)).toEqual(same);
      });
      expect(requests).toEqual([]);
    },
  },
  {
    name: "diff takes no notice of another text of the provider",
    run: async ({ host, world, make }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      const before = { ...outs, __provider: "exports.handler=()=>0" };
      expect(await host.any.diff(id, before, inputs)).toEqual(same);
    },
  },
  {
    name: "diff is right for a state that another process wrote",
    run: async ({ world, make, startHost }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      const later = await startHost();
      expect(await later.diff(id, outs, inputs)).toEqual(same);
    },
  },
  ...subject.replacements.map(({ property, news, deletesFirst }, index) => ({
    name: `diff replaces for another ${property}${deletesFirst ? ", the old one first" : ", the new one first"} (${index + 1})`,
    run: async ({ host, world, make, requestsOf }: Scene) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      const other = news(given, world);
      const requests = await requestsOf(async () => {
        const found = await host.diff(id, outs, other);
        expect(found).toMatchObject({ changes: true, deletesFirst });
        expect(found.replaces).toContain(property);
        // A refresh asks the other way round.
        expect((await host.diff(id, other, outs)).changes).toBe(true);
      });
      expect(requests).toEqual([]);
    },
  })),
  ...subject.settings.map(({ what, news }) => ({
    name: `${what} is a change that only the state has to know`,
    run: async ({ host, world, make, checked, requestsOf, writesOf }: Scene) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      const inputs = await checked(news(given, world), given);
      expect(await requestsOf(async () => expect(await host.diff(id, outs, inputs)).toEqual(updated))).toEqual([]);
      expect(await host.diff(id, inputs, outs)).toEqual(updated);
      let after = outs;
      expect(
        await writesOf(async () => {
          after = await host.update(id, outs, inputs);
        }),
      ).toEqual([]);
      expect(after).toMatchObject(inputs);
      expect(await host.diff(id, after, inputs)).toEqual(same);
      // And back again.
      expect(await host.diff(id, after, given)).toEqual(updated);
    },
  })),
  ...(
    [
      ["adopt", true],
      ["overwriteDrift", true],
      ["target", { accessKey: { env: "INFINO_ACCESS_KEY" } }],
      ["catalog", []],
    ] as const
  ).map(([name, value]) => ({
    name: `another ${name} is a change that writes nothing`,
    run: async ({ host, world, make, checked, writesOf }: Scene) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      const inputs = await checked({ ...given, [name]: value }, given);
      expect(await host.diff(id, outs, inputs)).toEqual(updated);
      const written = await writesOf(async () => {
        const after = await host.update(id, outs, inputs);
        expect(await host.diff(id, after, inputs)).toEqual(same);
      });
      expect(written).toEqual([]);
    },
  })),
  ...(subject.change === undefined
    ? []
    : [
        {
          name: "diff sees a change that is an update, either way round",
          run: async ({ host, world, make, checked, requestsOf }: Scene) => {
            const given = await subject.given(world);
            const { id, inputs, outs } = await make(given);
            const news = await checked(subject.change?.news(given, world) ?? given, inputs);
            const requests = await requestsOf(async () => {
              expect(await host.diff(id, outs, news)).toEqual(updated);
              expect(await host.diff(id, news, outs)).toEqual(updated);
            });
            expect(requests).toEqual([]);
          },
        },
      ]),
];
