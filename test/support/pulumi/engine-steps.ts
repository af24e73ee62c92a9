import { isObject } from "../../../src/contract/index.ts";
import type { Journal } from "./engine-run.ts";
import { dependentsOf, type Goal, inOrder, type Resource } from "./engine-state.ts";
import { PartialFailure, type ProviderHost, type State } from "./provider-host.ts";
import { secret, withMarksOf, withoutMarks } from "./secret-marks.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const plain = (value: State): State => withoutMarks(value) as State;

/** Marks outputs as the engine does: what was marked in these inputs, and what the program calls secret. */
export const markedOutputs = (inputs: State, outputs: State, secretOutputs: readonly string[]): State => {
  const state = withMarksOf(inputs, outputs) as State;
  const members = Object.entries(state).map(([key, value]) => [
    key,
    secretOutputs.includes(key) ? secret(value) : value,
  ]);
  return Object.fromEntries(members);
};

const valueAt = (value: unknown, [key, ...rest]: readonly string[]): unknown =>
  key === undefined ? value : isObject(value) ? valueAt(value[key], rest) : undefined;

const withValueAt = (value: unknown, [key, ...rest]: readonly string[], replacement: unknown): unknown => {
  if (key === undefined) return replacement;
  const { [key]: member, ...others } = isObject(value) ? value : {};
  const changed = withValueAt(member, rest, replacement);
  return changed === undefined ? others : { ...others, [key]: changed };
};

const ignoring = ({ inputs, ignoreChanges }: Goal, before: Resource): State =>
  ignoreChanges.reduce<State>((kept, path) => {
    const keys = path.match(/[^.[\]"]+/g) ?? [];
    return withValueAt(kept, keys, valueAt(before.inputs, keys)) as State;
  }, inputs);

/** One after the other. */
const createLock = (width: number) => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
};

export type Registered = { readonly id: string; readonly outputs: State };

/** What one update does with resources, against the state as it was before. */
export const createSteps = (
  host: ProviderHost,
  state: Map<string, Resource>,
  journal: Journal,
  { preview, parallel }: { readonly preview: boolean; readonly parallel: number },
) => {
  // The engine decides one after the other, and acts on several at once.
  const deciding = createLock(1);
  const acting = createLock(parallel);
  const seen = new Set<string>();
  /** Replaced ones that go when all is made, and those that went before theirs were made. */
  const superseded: Resource[] = [];
  const deletedFirst = new Set<string>();
  const order = inOrder(state).map(({ urn }) => urn);
  const place = ({ urn }: Goal): number => order.indexOf(urn);

  const remove = async (resource: Resource, op: "delete" | "delete-replaced"): Promise<void> => {
    if (!preview && resource.custom && !resource.retainOnDelete) {
      await acting(() => host.delete(resource.id, plain(resource.outputs)));
    }
    journal.step(op, resource);
    if (!preview && state.get(resource.urn) === resource) state.delete(resource.urn);
  };

  /** Those that a new id of this one would replace too: they have to go before it, as the engine works out. */
  const dependentReplacements = async (root: Resource): Promise<readonly Resource[]> => {
    const replaced = new Set([root.urn]);
    const found: Resource[] = [];
    for (const resource of dependentsOf(inOrder(state), root.urn)) {
      if (!resource.custom || resource.external || seen.has(resource.urn)) continue;
      const inputs = plain(resource.inputs);
      const open = Object.keys(inputs).filter((key) =>
        resource.propertyDependencies[key]?.some((needed) => replaced.has(needed)),
      );
      if (open.length === 0) continue;
      const news = { ...inputs, ...Object.fromEntries(open.map((key) => [key, unknown])) };
      const { replaces } = await host.diff(resource.id, plain(resource.outputs), news);
      if (replaces.length === 0) continue;
      replaced.add(resource.urn);
      found.push(resource);
    }
    return found;
  };

  const refuseProtected = (resources: readonly Resource[]): void => {
    const [kept] = resources.filter(({ protect }) => protect);
    if (kept !== undefined) throw new Error(`${kept.urn} cannot be deleted: it is protected`);
  };

  const keep = (goal: Goal, id: string, outputs: State, initErrors: readonly string[] = []): Resource => {
    const resource = { ...goal, id, outputs, initErrors, external: false };
    if (!preview) state.set(goal.urn, resource);
    return resource;
  };

  /** Makes or changes it; what failed half-way is recorded, so that the next update goes on with it. */
  const write = async (goal: Goal, id: string, work: () => Promise<{ id: string; outs: State }>): Promise<Resource> => {
    const marked = (outs: State) => markedOutputs(goal.inputs, outs, goal.secretOutputs);
    // What a preview does not know is left out of the answer.
    if (preview) return keep(goal, id, goal.inputs);
    try {
      const made = await acting(work);
      return keep(goal, made.id, marked(made.outs));
    } catch (error) {
      if (error instanceof PartialFailure) keep(goal, error.id, marked(error.outs), error.reasons);
      throw error;
    }
  };

  const decide = async (given: Goal, before: Resource | undefined) => {
    const wanted = before === undefined ? given : { ...given, inputs: ignoring(given, before) };
    const checked = await host.check(plain(before?.inputs ?? {}), plain(wanted.inputs));
    if (checked.failures.length > 0) {
      throw new Error(checked.failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
    }
    const goal = { ...wanted, inputs: withMarksOf(wanted.inputs, checked.inputs) as State };
    if (before === undefined || before.external) return { goal, op: "create" as const };
    const difference = await host.diff(before.id, plain(before.outputs), checked.inputs);
    if (difference.replaces.length > 0) {
      refuseProtected([before]);
      const first = goal.deletesFirst ?? difference.deletesFirst;
      const others = first ? await dependentReplacements(before) : [];
      refuseProtected(others);
      return { goal, op: "replace" as const, first, others };
    }
    return { goal, op: difference.changes || before.initErrors.length > 0 ? ("update" as const) : ("same" as const) };
  };

  const register = async (given: Goal): Promise<Registered> => {
    if (journal.failed()) throw new Error("the update was stopped: an earlier step failed");
    if (seen.has(given.urn)) throw new Error(`two resources have the URN ${given.urn}`);
    const alias = given.aliases.find((urn) => state.has(urn) && !seen.has(urn));
    const before = deletedFirst.has(given.urn)
      ? undefined
      : (state.get(given.urn) ?? (alias === undefined ? undefined : state.get(alias)));
    seen.add(given.urn);
    if (before !== undefined) seen.add(before.urn);
    if (!given.custom) return keep(given, "", {});
    const decision = await deciding(() => decide(given, before));
    const { goal } = decision;
    const create = () => write(goal, "", () => host.create(plain(goal.inputs)));
    if (before === undefined || decision.op === "create") {
      const made = await create();
      journal.step(deletedFirst.has(goal.urn) ? "replace" : "create", made);
      return made;
    }
    if (decision.op === "replace") {
      if (decision.first) {
        for (const resource of [...decision.others].reverse()) {
          await remove(resource, "delete-replaced");
          deletedFirst.add(resource.urn);
        }
        await remove(before, "delete-replaced");
      } else {
        superseded.push(before);
      }
      const made = await create();
      journal.step("replace", made, before);
      return made;
    }
    if (decision.op === "update") {
      const olds = plain(before.outputs);
      const outs = () => host.update(before.id, olds, plain(goal.inputs));
      const made = await write(goal, before.id, async () => ({ id: before.id, outs: await outs() }));
      journal.step("update", made, before);
      return made;
    }
    const same = keep(goal, before.id, markedOutputs(goal.inputs, before.outputs, goal.secretOutputs));
    journal.step("same", same, before);
    return same;
  };

  return {
    register: async (goal: Goal): Promise<Registered> => {
      try {
        return await register(goal);
      } catch (error) {
        journal.fail(goal.urn, error);
        throw error;
      } finally {
        if (state.has(goal.urn) && !preview) for (const urn of goal.aliases) state.delete(urn);
      }
    },
    /** Looks one up by its id, without managing it. */
    read: async (goal: Goal, id: string): Promise<Registered> => {
      try {
        seen.add(goal.urn);
        const { id: found, props } = await acting(() => host.read(id, undefined, plain(goal.inputs)));
        if (found === "") throw new Error(`${id} does not exist`);
        const outputs = markedOutputs(goal.inputs, props, goal.secretOutputs);
        const resource = { ...goal, id: found, outputs, external: true, initErrors: [] };
        if (!preview) state.set(goal.urn, resource);
        journal.step("read", resource);
        return resource;
      } catch (error) {
        journal.fail(goal.urn, error);
        throw error;
      }
    },
    /** After a program that ended well: takes away what it replaced and what it no longer declares, dependants first. */
    finish: async (): Promise<void> => {
      const undeclared = [...state.values()].filter(({ urn }) => !seen.has(urn));
      const managed = undeclared.filter(({ custom, external }) => custom && !external);
      try {
        refuseProtected(managed);
        for (const resource of [...managed, ...superseded].sort((a, b) => place(b) - place(a))) {
          await remove(resource, superseded.includes(resource) ? "delete-replaced" : "delete");
        }
        if (!preview) for (const { urn } of undeclared) state.delete(urn);
      } catch (error) {
        journal.fail("", error);
      }
    },
  };
};
