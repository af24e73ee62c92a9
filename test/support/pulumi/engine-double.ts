import { type Program, rootUrn, runProgram } from "./engine-program.ts";
import { createJournal, type Diagnostic, type Journal, type Run } from "./engine-run.ts";
import { exported, imported, inOrder, type Resource, withoutNeed } from "./engine-state.ts";
import { createSteps, markedOutputs } from "./engine-steps.ts";
import type { ProviderHost, State } from "./provider-host.ts";
import { masked, withMarksOf, withoutMarks } from "./secret-marks.ts";

export type { Program } from "./engine-program.ts";
export type { Run } from "./engine-run.ts";
export type { Resource } from "./engine-state.ts";

const plain = (value: State): State => withoutMarks(value) as State;

const textOf = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.map(({ message }) => `${message}\n`).join("");

const resultOf = (journal: Journal, ok: boolean, outputs: State, printed: string): Run => ({
  ok: ok && !journal.failed(),
  steps: journal.steps,
  outputs,
  diagnostics: journal.diagnostics,
  log: textOf(journal.diagnostics) + printed,
});

/** A host that can be asked at once. */
const whileItStarts = (starting: Promise<ProviderHost>): ProviderHost => ({
  check: async (...values) => (await starting).check(...values),
  diff: async (...values) => (await starting).diff(...values),
  create: async (...values) => (await starting).create(...values),
  read: async (...values) => (await starting).read(...values),
  update: async (...values) => (await starting).update(...values),
  delete: async (...values) => (await starting).delete(...values),
  printed: () => "",
  stop: async () => (await starting).stop(),
});

/**
 * A TEST DOUBLE of Pulumi's engine: it runs a program with Pulumi's real language runtime and asks the real host of
 * dynamic providers, whichever the program's resources point to. It shows what program, SDK and provider say to each
 * other. What the real engine decides (order, secrets' marks, replacement, deletion, refresh, import) is done here after
 * its example, and proves nothing of it.
 */
export const createEngineDouble = (
  /** Each run has a host of its own, as each `pulumi` command has. */
  startHost: () => Promise<ProviderHost>,
  { parallel = 4 }: { readonly parallel?: number } = {},
) => {
  /** Secrets are marked. */
  const state = new Map<string, Resource>();

  const withHost = async <T>(work: (host: ProviderHost) => Promise<T>): Promise<T> => {
    const host = whileItStarts(startHost());
    try {
      return await work(host);
    } finally {
      await host.stop();
    }
  };

  const run = async (program: Program, preview: boolean, host: ProviderHost): Promise<Run> => {
    const journal = createJournal();
    const steps = createSteps(host, state, journal, { preview, parallel });
    let outputs: State = {};
    const { ok, printed } = await runProgram(program, {
      preview,
      parallel,
      register: steps.register,
      read: steps.read,
      outputs: (urn, given) => {
        if (urn === rootUrn) outputs = masked(given) as State;
        const resource = state.get(urn);
        if (!preview && resource !== undefined) state.set(urn, { ...resource, outputs: given });
      },
      log: (diagnostic) => journal.diagnostics.push(diagnostic),
    });
    // Never a delete after an error.
    if (ok && !journal.failed()) await steps.finish();
    return resultOf(journal, ok, outputs, printed);
  };

  const drop = (urn: string): void => {
    state.delete(urn);
    for (const resource of [...state.values()]) state.set(resource.urn, withoutNeed(resource, urn));
  };

  const readAgain = async (resource: Resource, journal: Journal, host: ProviderHost): Promise<void> => {
    const read = await host.read(resource.id, plain(resource.outputs), plain(resource.inputs));
    if (read.id === "") {
      journal.step("delete", resource);
      drop(resource.urn);
      return;
    }
    const inputs = read.inputs === undefined ? resource.inputs : (withMarksOf(resource.inputs, read.inputs) as State);
    const outputs = markedOutputs(resource.outputs, read.props, resource.secretOutputs);
    const now: Resource = { ...resource, id: read.id, inputs, outputs, initErrors: [] };
    state.set(resource.urn, now);
    // The engine asks for the opposite of the difference that the next update would see.
    const { changes } = await host.diff(now.id, read.props, plain(resource.inputs));
    journal.step(changes ? "refresh" : "same", now, resource);
  };

  const all = async (work: (journal: Journal, host: ProviderHost) => Promise<void>): Promise<Run> => {
    const journal = createJournal();
    try {
      await withHost((host) => work(journal, host));
    } catch (error) {
      journal.fail("", error);
    }
    return resultOf(journal, true, {}, "");
  };

  return {
    preview: (program: Program) => withHost((host) => run(program, true, host)),
    up: (program: Program) => withHost((host) => run(program, false, host)),
    /** Reads everything back, without the program. */
    refresh: () =>
      all(async (journal, host) => {
        for (const resource of inOrder(state)) {
          if (resource.custom) await readAgain(state.get(resource.urn) ?? resource, journal, host);
        }
      }),
    /** Deletes everything, dependants first, without the program. */
    destroy: () =>
      all(async (journal, host) => {
        const resources = [...inOrder(state)].reverse();
        const [kept] = resources.filter(({ protect }) => protect);
        if (kept !== undefined) throw new Error(`${kept.urn} cannot be deleted: it is protected`);
        for (const resource of resources) {
          if (resource.custom && !resource.external && !resource.retainOnDelete) {
            await host.delete(resource.id, plain(resource.outputs));
            journal.step("delete", resource);
          }
          drop(resource.urn);
        }
      }),
    /** Adds what a file for `pulumi import --file` holds, or a stack's export with its secrets shown. */
    importFile: (text: string): void => {
      for (const resource of imported(text, state.values())) state.set(resource.urn, resource);
    },
    resources: (): readonly Resource[] => [...state.values()],
    /** The recorded state, secrets only the word. */
    state: (): string => exported(state.values(), "masked"),
    /** The recorded state as a file would hold it: what is not marked as secret stands there in clear. */
    rawState: (): string => exported(state.values(), "encrypted"),
    /** As `pulumi stack export --show-secrets` writes it. */
    shownState: (): string => exported(state.values(), "shown"),
  };
};

export type EngineDouble = ReturnType<typeof createEngineDouble>;
