import { canonicalJson } from "../../canonical.ts";
import type { Plan, Properties } from "../../contract/index.ts";
import type { Project } from "../../deploy/index.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import { processRim, type Rim } from "../lifecycle/rim.ts";
import { completed, placeOf, planOptions, setOf } from "./arguments.ts";
import { cleaner, hiddenWords } from "./failure.ts";
import { openProjects, type WithProject } from "./open-projects.ts";
import { findingTexts, hasWork, planText, refusalTexts, unresolvedText } from "./plan-text.ts";
import { bounds } from "./session.ts";
import { diagnosticLine, errorText, invalidFiles } from "./wording.ts";

/** One diagnostic of a resource. */
export type Note = { readonly severity: "info" | "warning" | "error"; readonly text: string };

type Waiting = { readonly inputs: Properties; readonly answer: (notes: readonly Note[]) => void };

const failureNotes = (tenant: string, error: unknown): readonly Note[] => {
  const invalid = invalidFiles(error);
  if (invalid.length > 0) return invalid.map((item) => ({ severity: "error", text: diagnosticLine(item) }));
  // What else the program deploys can still be looked at; an `up` says the same and fails.
  return [{ severity: "warning", text: `the plan of tenant ${tenant} cannot be shown: ${errorText(error)}` }];
};

/** What is planned holds names and no values; the rest may quote the target. */
const quietNotes = async (project: Project, inputs: Properties, notes: readonly Note[]): Promise<readonly Note[]> => {
  const said = notes.filter(({ severity }) => severity !== "info").map(({ text }) => text);
  const quiet = await project.withoutSecrets(placeOf(inputs).tenant, said, hiddenWords([inputs]));
  const by = new Map(said.map((text, index) => [text, quiet[index] ?? ""]));
  return notes.map(({ severity, text }) => ({ severity, text: by.get(text) ?? text }));
};

const planNotes = async (
  project: Project,
  plan: Plan,
  inputs: Properties,
  warnings: readonly Diagnostic[],
): Promise<readonly Note[]> => {
  const { tenant } = placeOf(inputs);
  const { unresolved } = await project.desiredDigest(tenant);
  const isRefused = unresolved.length > 0 && inputs["acceptUnresolved"] !== true;
  return quietNotes(project, inputs, [
    ...notesOf(plan, tenant, warnings),
    ...(isRefused ? [{ severity: "warning", text: unresolvedText(tenant, unresolved) } as const] : []),
  ]);
};

const notesOf = (plan: Plan, tenant: string, warnings: readonly Diagnostic[]): readonly Note[] => [
  ...(hasWork(plan, tenant) ? [{ severity: "info", text: planText(plan, tenant) } as const] : []),
  ...[
    ...warnings.filter((item) => item.tenant === tenant).map(diagnosticLine),
    ...refusalTexts(plan, tenant),
    ...findingTexts(plan, tenant),
  ].map((text): Note => ({ severity: "warning", text })),
];

/**
 * Plans tenants for a preview: those of one folder that are asked for at the same time, with the same settings, by one
 * reading of what is live.
 */
export const createPreviewer = (rim: Rim = processRim()): ((given: Properties) => Promise<readonly Note[]>) => {
  const warnings: Diagnostic[] = [];
  const withProject: WithProject = openProjects(rim, 0, {
    report: (event) => {
      if (event.code === "warning") warnings.push(event.diagnostic);
    },
  });
  const queues = new Map<string, { readonly waiting: Waiting[]; running: boolean }>();

  const plan = (project: Project, tenants: readonly string[], inputs: Properties): Promise<Plan> =>
    project.plan({ ...planOptions(inputs), tenants, signal: AbortSignal.timeout(bounds.look) });

  const one = async (project: Project, { inputs, answer }: Waiting): Promise<void> => {
    const { tenant } = placeOf(inputs);
    try {
      answer(await planNotes(project, await plan(project, [tenant], inputs), inputs, warnings));
    } catch (error) {
      const notes = failureNotes(tenant, error);
      answer(await quietNotes(project, inputs, notes).catch(() => notes));
    }
  };

  const all = async (project: Project, batch: readonly Waiting[], first: Waiting): Promise<void> => {
    if (batch.length > 1) {
      const tenants = [...new Set(batch.map(({ inputs }) => placeOf(inputs).tenant))];
      const together = await plan(project, tenants, first.inputs).catch(() => undefined);
      // A guard over all of them says nothing of each: they are applied one by one.
      if (together?.refusals.every(({ tenant }) => tenant !== undefined) === true) {
        for (const { inputs, answer } of batch) answer(await planNotes(project, together, inputs, warnings));
        return;
      }
    }
    for (const waiting of batch) await one(project, waiting);
  };

  const work = async (queue: { readonly waiting: Waiting[]; running: boolean }): Promise<void> => {
    queue.running = true;
    // Whoever registers while one plan is made shares the next.
    for (let batch = queue.waiting.splice(0); batch.length > 0; batch = queue.waiting.splice(0)) {
      const [first] = batch;
      if (first === undefined) break;
      const set = setOf(first.inputs);
      const place = placeOf(first.inputs);
      await withProject(place, Object.keys(set).length === 0 ? undefined : set, (project) =>
        all(project, batch, first),
      ).catch((error: unknown) => {
        for (const { inputs, answer } of batch) answer(failureNotes(placeOf(inputs).tenant, error));
      });
    }
    queue.running = false;
  };

  return async (given) => {
    const inputs = completed(rim.dir, given);
    const { tenant: _, ...shared } = inputs;
    const key = canonicalJson(shared);
    const queue = queues.get(key) ?? { waiting: [], running: false };
    queues.set(key, queue);
    const notes = new Promise<readonly Note[]>((answer) => queue.waiting.push({ inputs, answer }));
    if (!queue.running) void work(queue);
    const clean = cleaner(rim.dir, [inputs]);
    return (await notes).map(({ severity, text }) => ({ severity, text: clean(text) }));
  };
};
