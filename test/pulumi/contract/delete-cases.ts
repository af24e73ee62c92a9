import { expect } from "vitest";
import type { ContractCase } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";
import type { State } from "../../support/pulumi/provider-host.ts";

const removable = (subject: Subject, given: State): State =>
  subject.keepsData ? { ...given, onDelete: "delete" } : given;

/** A delete takes away what is there, may be repeated, and keeps data unless told otherwise. */
export const deleteCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "delete takes it away, and may be repeated by anybody",
    run: async ({ host, world, make, startHost }) => {
      const given = removable(subject, await subject.given(world));
      const { id, outs } = await make(given);
      await host.delete(id, outs);
      expect(await subject.count(given, world)).toBe(0);
      await host.delete(id, outs);
      await (await startHost()).delete(id, outs);
    },
  },
  {
    name: "delete of what is gone already is done",
    run: async ({ host, world, make }) => {
      const { id, outs } = await make(removable(subject, await subject.given(world)));
      await subject.takeAway(id, world);
      await host.delete(id, outs);
    },
  },
  {
    name: "delete lets the same be made anew, as a replacement does",
    run: async ({ host, world, make }) => {
      const given = removable(subject, await subject.given(world));
      const { id, outs } = await make(given);
      await host.delete(id, outs);
      const { inputs, outs: anew, id: other } = await make(given);
      expect(await subject.count(given, world)).toBe(1);
      expect((await host.diff(other, anew, inputs)).changes).toBe(false);
    },
  },
  {
    name: "delete whose answer was lost is done, or done by the next one",
    run: async ({ host, world, make }) => {
      const given = removable(subject, await subject.given(world));
      const { id, outs } = await make(given);
      world.front.lose(subject.kind === "file-upload" ? "PATCH" : "DELETE");
      await host.delete(id, outs).catch(() => host.delete(id, outs));
      expect(await subject.count(given, world)).toBe(0);
    },
  },
  ...(subject.keepsData
    ? [
        {
          name: "delete keeps data unless the state says otherwise, whatever the program says by now",
          run: async ({ host, world, make, writesOf }: Parameters<ContractCase["run"]>[0]) => {
            for (const more of [{}, { onDelete: "retain" }]) {
              const given = { ...(await subject.given(world)), ...more };
              const { id, outs } = await make(given);
              expect(await writesOf(() => host.delete(id, outs))).toEqual([]);
              expect(await subject.count(given, world)).toBe(1);
            }
          },
        },
      ]
    : [
        {
          name: "delete does not believe another service that it is gone",
          run: async ({ host, world, make }: Parameters<ContractCase["run"]>[0]) => {
            const given = await subject.given(world);
            const { id, outs } = await make(given);
            await subject.takeAway(id, world);
            await expect(host.delete(id, { ...outs, endpoint: "http://127.0.0.1:2" })).rejects.toThrow(
              /127\.0\.0\.1:2/,
            );
          },
        },
      ]),
];
