import { expect } from "vitest";
import type { Properties } from "../../../src/contract/index.ts";
import { at } from "../../../src/contract/index.ts";
import { pulumiKinds } from "../../../src/pulumi/lifecycle/adapters.ts";
import { credentialFingerprint } from "../../../src/pulumi/lifecycle/fingerprint.ts";
import { type ContractCase, type Scene, same } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";
import type { State } from "../../support/pulumi/provider-host.ts";
import { testCredentials } from "../../support/service.ts";

/** A state of an import file: fingerprints in the place of what must not be in it. */
export const importCases = (subject: Subject): readonly ContractCase[] => {
  const { fingerprinted } = subject;
  if (fingerprinted === undefined) return [];
  const { path, without, other } = fingerprinted;
  const imported = async ({ world, make }: Scene, key = testCredentials.secretKey, owner?: string) => {
    const given = await subject.given(world);
    const { id, inputs, outs } = await make(given);
    const adapter = [...pulumiKinds.values()].find(({ provider }) => provider === subject.kind)?.adapter;
    const value = at((adapter?.properties(inputs as Properties) ?? {}) as Properties, path);
    if (value === undefined) throw new Error(`there is nothing at ${path}`);
    const fingerprints = { [path]: credentialFingerprint(key, owner ?? id, path, value) };
    return { id, inputs, state: { ...without(outs, world), fingerprints } as State };
  };
  const kinds: readonly ContractCase[] = [
    {
      name: "an imported state whose fingerprint fits has no difference, and asks nobody",
      run: async (scene) => {
        const { id, inputs, state } = await imported(scene);
        const requests = await scene.requestsOf(async () => {
          expect(await scene.host.diff(id, state, inputs)).toEqual(same);
        });
        expect(requests).toEqual([]);
      },
    },
    {
      name: "an imported state whose fingerprint does not fit is changed",
      run: async (scene) => {
        const { id, inputs, state } = await imported(scene);
        expect((await scene.host.diff(id, state, other(inputs, scene.world))).changes).toBe(true);
        const foreign = await imported(scene, "another-secret-key");
        expect((await scene.host.diff(foreign.id, foreign.state, foreign.inputs)).changes).toBe(true);
        const others = await imported(scene, testCredentials.secretKey, "another resource's id");
        expect((await scene.host.diff(others.id, others.state, others.inputs)).changes).toBe(true);
      },
    },
    {
      name: "a refresh of an imported state keeps its fingerprints and learns no value",
      run: async (scene) => {
        const { id, inputs, state } = await imported(scene);
        const seen = await scene.host.read(id, state, without(inputs, scene.world));
        expect(seen).toEqual({ id, props: state, inputs: without(inputs, scene.world) });
        expect(await scene.host.diff(id, seen.props, inputs)).toEqual(same);
      },
    },
    {
      name: "an update of an imported state writes no value that fits, and drops the fingerprints",
      run: async (scene) => {
        const { id, inputs, state } = await imported(scene);
        const news = { ...inputs, adopt: true };
        const written = await scene.writesOf(async () => {
          const after = await scene.host.update(id, state, news);
          expect(after).not.toHaveProperty("fingerprints");
          expect(after).toMatchObject(news);
          expect(await scene.host.diff(id, after, news)).toEqual(same);
        });
        expect(written).toEqual([]);
      },
    },
  ];
  if (subject.change === undefined) return kinds;
  return [
    ...kinds,
    {
      name: "an update of an imported state writes the value that does not fit",
      run: async (scene) => {
        const { id, inputs, state } = await imported(scene);
        const news = other(inputs, scene.world);
        const written = await scene.writesOf(async () => {
          const after = await scene.host.update(id, state, news);
          expect(after).not.toHaveProperty("fingerprints");
          expect(await scene.host.diff(id, after, news)).toEqual(same);
        });
        expect(written).toHaveLength(1);
      },
    },
  ];
};
