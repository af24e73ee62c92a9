import { expect } from "vitest";
import { type ContractCase, messageOf, type Scene, same, updated } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";
import { never } from "../../support/pulumi/contract/world.ts";

/** A refresh shows what changed and nothing else. */
export const readCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "read of what nobody changed gives the state back as it was",
    run: async ({ host, world, make, writesOf }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      const written = await writesOf(async () => {
        expect(await host.read(id, outs, inputs)).toEqual({ id, props: outs, inputs });
      });
      expect(written).toEqual([]);
    },
  },
  {
    name: "read by another command gives the same",
    run: async ({ world, make, startHost }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      expect(await (await startHost()).read(id, outs, inputs)).toEqual({ id, props: outs, inputs });
    },
  },
  {
    name: "read of what is gone has no id, and up makes it anew",
    run: async ({ host, world, make }) => {
      const given = await subject.given(world);
      const { id, inputs, outs } = await make(given);
      await subject.takeAway(id, world);
      expect((await host.read(id, outs, inputs)).id).toBe("");
      expect(await subject.count(given, world)).toBe(0);
    },
  },
  {
    name: "read does not call gone what another service never had",
    run: async ({ host, world, make }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      await subject.takeAway(id, world);
      const before = { ...outs, endpoint: "http://127.0.0.1:2" };
      const message = await messageOf(host.read(id, before, inputs));
      expect(message).toContain("http://127.0.0.1:2");
      expect(message).toContain(world.front.url);
    },
  },
  {
    name: "a look-up by id alone shows what the target tells, and stays the same",
    run: async ({ world, make, startHost }) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      const later = await startHost();
      const found = await later.read(id, undefined, {});
      expect(found.id).toBe(id);
      for (const name of subject.shown) expect(found.props).toHaveProperty(name, given[name]);
      expect(found.props).toMatchObject({ endpoint: world.front.url, live: outs["live"] });
      expect(JSON.stringify(found)).not.toContain("contract-secret");
      const again = await later.read(id, found.props, found.inputs);
      expect(again).toEqual(found);
      // What was looked up is compared with itself.
      expect(await later.diff(id, again.props, again.inputs)).toEqual(same);
    },
  },
  {
    name: "a look-up of what is not there fails, and says where it looked",
    run: async ({ host, world }) => {
      const message = await messageOf(host.read("contract-none", undefined, {}));
      expect(message).toContain("contract-none");
      expect(message).toContain(world.front.url);
    },
  },
  ...(subject.kind === "connection"
    ? [
        {
          name: "read shows the one field that somebody else changed, and the update sets it back alone",
          run: async ({ host, world, make, writesOf }: Scene) => {
            const { id, inputs, outs } = await make(await subject.given(world));
            await world.other.updateConnection(id, { timeout_secs: 99 }, never);
            const seen = await host.read(id, outs, inputs);
            expect(seen.inputs).toEqual({ ...inputs, config: { ...(inputs["config"] as object), timeout_secs: 99 } });
            // A refresh compares the other way round.
            expect(await host.diff(id, outs, seen.inputs)).toEqual(updated);
            expect(await host.diff(id, seen.props, inputs)).toEqual(updated);
            const written = await writesOf(async () => {
              expect(await host.diff(id, await host.update(id, seen.props, inputs), inputs)).toEqual(same);
            });
            expect(written).toEqual([`PATCH /source/${id}`]);
            expect(JSON.parse(world.front.bodies.at(-1) ?? "")).toEqual({ config: { timeout_secs: 30 } });
          },
        },
      ]
    : []),
];
