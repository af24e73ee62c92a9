import { expect } from "vitest";
import { type ContractCase, messageOf, type Scene, same, updated } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";
import { never } from "../../support/pulumi/contract/world.ts";
import { PartialFailure, type State } from "../../support/pulumi/provider-host.ts";

/** An update writes what changed, once, and overwrites nothing that it has not seen. */
export const updateCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "update of what is gone says so, and names the way out",
    run: async ({ host, world, make, checked, writesOf }) => {
      const given = await subject.given(world);
      const { id, outs } = await make(given);
      await subject.takeAway(id, world);
      const news = await checked({ ...(subject.change?.news(given, world) ?? given), adopt: true }, given);
      const written = await writesOf(async () => {
        expect(await messageOf(host.update(id, outs, news))).toMatch(/is gone.*pulumi refresh/);
      });
      expect(written).toEqual([]);
    },
  },
  ...(subject.change === undefined ? [] : changeCases(subject, subject.change)),
  ...(subject.kind === "connection" ? connectionCases(subject) : []),
  ...(subject.kind === "file-upload" ? uploadCases(subject) : []),
];

const changeCases = (subject: Subject, change: NonNullable<Subject["change"]>): readonly ContractCase[] => {
  /** An object with a change that waits to be written. */
  const changed = async ({ world, make, checked }: Scene, more: State = {}) => {
    const given = await subject.given(world);
    const { id, inputs, outs } = await make(given);
    return { given, id, inputs, outs, news: await checked({ ...change.news(given, world), ...more }, inputs) };
  };
  return [
    {
      name: "one changed value is one write with nothing else in it",
      run: async (scene) => {
        const { host, world, writesOf } = scene;
        const { id, outs, news } = await changed(scene);
        let after: State = {};
        const written = await writesOf(async () => {
          after = await host.update(id, outs, news);
        });
        expect(written).toEqual(change.writes(id));
        if (change.body !== undefined) expect(JSON.parse(world.front.bodies.at(-1) ?? "")).toEqual(change.body);
        expect(after).toMatchObject(news);
        expect(await host.diff(id, after, news)).toEqual(same);
        expect(await host.read(id, after, news)).toEqual({ id, props: after, inputs: news });
      },
    },
    {
      name: "an update without a change writes nothing",
      run: async ({ host, world, make, writesOf }) => {
        const { id, inputs, outs } = await make(await subject.given(world));
        const written = await writesOf(async () => expect(await host.update(id, outs, inputs)).toEqual(outs));
        expect(written).toEqual([]);
      },
    },
    {
      name: "an update with overwriteDrift writes nothing more than the change",
      run: async (scene) => {
        const { id, outs, news } = await changed(scene, { overwriteDrift: true });
        const written = await scene.writesOf(async () => {
          expect(await scene.host.diff(id, await scene.host.update(id, outs, news), news)).toEqual(same);
        });
        expect(written).toEqual(change.writes(id));
      },
    },
    {
      name: "an update whose answer was lost ends well, now or when it runs again",
      run: async (scene) => {
        const { host, world } = scene;
        const { id, outs, news } = await changed(scene);
        world.front.lose("PATCH");
        const after = await host
          .update(id, outs, news)
          .catch((error: unknown) => host.update(id, error instanceof PartialFailure ? error.outs : outs, news));
        expect(await host.diff(id, after, news)).toEqual(same);
      },
    },
    {
      name: "an update that the target refuses leaves everything as it was",
      run: async (scene) => {
        const { host, world } = scene;
        const { id, inputs, outs, news } = await changed(scene);
        world.front.refuse("PATCH", 400);
        expect(await messageOf(host.update(id, outs, news))).toContain("400");
        expect((await host.read(id, outs, inputs)).props).toEqual(outs);
        expect(await host.diff(id, await host.update(id, outs, news), news)).toEqual(same);
      },
    },
  ];
};

const withTimeout = (inputs: State, timeout_secs: number): State => ({
  ...inputs,
  config: { ...(inputs["config"] as State), timeout_secs },
});

const connectionCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "update refuses to overwrite what moved since the last refresh, and names it",
    run: async ({ host, world, make, writesOf }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      await world.other.updateConnection(id, { timeout_secs: 99 }, never);
      const written = await writesOf(async () => {
        expect(await messageOf(host.update(id, outs, withTimeout(inputs, 60)))).toMatch(
          /config\.timeout_secs.*pulumi refresh.*overwriteDrift/,
        );
      });
      expect(written).toEqual([]);
    },
  },
  {
    name: "update with overwriteDrift writes over it, in one write",
    run: async ({ host, world, make, writesOf }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      await world.other.updateConnection(id, { timeout_secs: 99 }, never);
      const news = { ...withTimeout(inputs, 60), overwriteDrift: true };
      const written = await writesOf(async () => {
        expect(await host.diff(id, await host.update(id, outs, news), news)).toEqual(same);
      });
      expect(written).toEqual([`PATCH /source/${id}`]);
    },
  },
  {
    name: "update of a secret writes that secret alone, and the state forgets the old one",
    run: async ({ host, world, make }) => {
      const { id, inputs, outs } = await make(await subject.given(world));
      const news = { ...inputs, config: { ...(inputs["config"] as State), api_key: "another-secret-key" } };
      expect(await host.diff(id, outs, news)).toEqual(updated);
      const after = await host.update(id, outs, news);
      expect(JSON.parse(world.front.bodies.at(-1) ?? "")).toEqual({ config: { api_key: "another-secret-key" } });
      expect(JSON.stringify(after)).not.toContain("contract-secret");
      expect(await host.diff(id, after, news)).toEqual(same);
    },
  },
  {
    name: "a create that cannot be read back is recorded all the same, and the update ends it",
    run: async ({ host, world, checked, writesOf }) => {
      const inputs = await checked(await subject.given(world));
      world.front.refuse("GET /source/", 500, 100);
      let failed: unknown;
      try {
        await host.create(inputs);
      } catch (error) {
        failed = error;
      } finally {
        world.front.refuse("GET /source/", 500, 0);
      }
      if (!(failed instanceof PartialFailure)) throw new Error(`it was not recorded: ${failed}`);
      expect(failed.outs).toMatchObject(inputs);
      expect(failed.reasons.join()).not.toContain("contract-secret");
      const { id, outs } = failed;
      const written = await writesOf(async () => {
        const after = await host.update(id, outs, inputs);
        expect(after).toMatchObject({ live: { source: "elasticsearch" } });
        expect(await host.diff(id, after, inputs)).toEqual(same);
      });
      expect(written).toEqual([]);
      expect(await subject.count(inputs, world)).toBe(1);
      // It can also be deleted from there: the state has its provider.
      await host.any.delete(id, outs);
      expect(await subject.count(inputs, world)).toBe(0);
    },
  },
];

const uploadCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "an upload of which a part arrived is recorded without its digest, and the update writes it anew",
    run: async ({ host, world, checked }) => {
      const inputs = await checked(await subject.given(world));
      world.uploads?.faults.push({ on: "upload", fault: "one-failed" });
      const failed = await host.create(inputs).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(failed instanceof PartialFailure)) throw new Error(`it was not recorded: ${failed}`);
      expect(failed.outs).not.toHaveProperty("content");
      expect(failed.outs["__provider"]).toBe(inputs["__provider"]);
      const { id, outs } = failed;
      expect(await host.diff(id, outs, inputs)).toEqual(updated);
      const after = await host.update(id, outs, inputs);
      expect(await host.diff(id, after, inputs)).toEqual(same);
      expect(world.uploads?.lines(String(inputs["dataset"]))).toHaveLength(4);
    },
  },
  {
    name: "an added upload of which a part arrived is not added once more",
    run: async ({ host, world, checked }) => {
      const inputs = await checked({ ...(await subject.given(world)), mode: "append" });
      world.uploads?.faults.push({ on: "upload", fault: "one-failed" });
      const failed = await host.create(inputs).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(failed instanceof PartialFailure)) throw new Error(`it was not recorded: ${failed}`);
      expect(failed.message).toMatch(/a part of it may be there/);
      expect(await host.diff(failed.id, failed.outs, inputs)).toEqual(same);
    },
  },
  {
    name: "an update of which a part arrived is written anew by the next one",
    run: async ({ host, world, make, checked }) => {
      const given = await subject.given(world);
      const { id, inputs, outs } = await make(given);
      const news = await checked(subject.change?.news(given, world) ?? given, inputs);
      world.uploads?.faults.push({ on: "upload", fault: "one-failed" });
      const failed = await host.update(id, outs, news).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(failed instanceof PartialFailure)) throw new Error(`it was not recorded: ${failed}`);
      expect(await host.diff(id, failed.outs, news)).toEqual(updated);
      const after = await host.update(id, failed.outs, news);
      expect(await host.diff(id, after, news)).toEqual(same);
      expect(world.uploads?.lines(String(given["dataset"]))).toHaveLength(6);
    },
  },
];
