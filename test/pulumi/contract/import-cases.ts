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
  const adapterOf = () => {
    const kind = [...pulumiKinds.values()].find(({ provider }) => provider === subject.kind);
    if (kind === undefined) throw new Error(`there is no kind ${subject.kind}`);
    return kind.adapter;
  };
  const imported = async ({ world, make }: Scene, key = testCredentials.secretKey, owner?: string) => {
    const given = await subject.given(world);
    const { id, inputs, outs } = await make(given);
    const value = at(adapterOf().properties(inputs as Properties), path);
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
        const recorded = { ...without(inputs, scene.world), fingerprints: state["fingerprints"] };
        const seen = await scene.host.read(id, state, recorded);
        expect(seen).toEqual({ id, props: state, inputs: recorded });
        expect(await scene.host.diff(id, seen.props, inputs)).toEqual(same);
        // As a refresh compares: what it found with the arguments before it.
        expect(await scene.host.diff(id, seen.props, recorded)).toEqual(same);
      },
    },
    {
      name: "what an import file leaves out is no failure of the import, and is one of a program that leaves it out",
      run: async (scene) => {
        const { id, inputs, state } = await imported(scene);
        const lacking = without(inputs, scene.world);
        const recorded = { ...lacking, fingerprints: state["fingerprints"] };
        expect((await scene.host.check(recorded, recorded)).failures).toEqual([]);
        expect((await scene.host.check(recorded, inputs)).failures).toEqual([]);
        const property = adapterOf().argument(path);
        const isRequired = !(await scene.host.check({}, lacking)).failures.every((one) => one.property !== property);
        for (const olds of [recorded, lacking]) {
          const { failures } = await scene.host.check(olds, lacking);
          expect(failures.map((one) => one.property)).toEqual(isRequired ? [property] : []);
        }
        expect((await scene.host.diff(id, state, lacking)).changes).toBe(true);
        const ours = await scene.host.check({}, { ...inputs, fingerprints: state["fingerprints"] });
        expect(ours.failures.map((one) => one.property)).toEqual(["fingerprints"]);
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
