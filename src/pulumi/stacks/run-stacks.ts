import { reasonToFail, reasonToSkip, runStack, skipped, withoutRun } from "./run-stack.ts";
import { makeLogFolder } from "./stack-log.ts";
import type { StackCommand, StackEvent, StackOutcome, StackReport, StackResult, StackTenant } from "./types.ts";

export type StacksOptions = {
  readonly command: StackCommand;
  readonly tenants: readonly StackTenant[];
  /** Names of the stacks that there are. */
  readonly stacks: ReadonlySet<string>;
  /** Names of the project's waves, in their order. */
  readonly waves: readonly string[];
  readonly environment: string;
  /** Folder of the Pulumi.yaml. */
  readonly dir: string;
  /** All that pulumi gets. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly logDir: string;
  /** Stacks at once. */
  readonly parallel: number;
  readonly onError: "continue" | "stop";
  /** Arguments for pulumi after ours. */
  readonly extra: readonly string[];
  /** Of stacks that are made; default: pulumi's own. */
  readonly secretsProvider?: string;
  readonly pulumi?: string;
  /** Values that must not be shown. */
  readonly secrets: (tenant: StackTenant) => Promise<readonly string[]>;
  /** Start nothing new, and ask what runs to cancel. */
  readonly stop: AbortSignal;
  /** End what runs. */
  readonly abort: AbortSignal;
  readonly clock: () => number;
  readonly report: (event: StackEvent) => void;
};

const byId = (a: StackTenant, b: StackTenant): number => (a.id < b.id ? -1 : 1);

/** Tenants by wave. A preview changes nothing, so there is nothing that a later wave should wait for. */
const wavesOf = ({
  command,
  tenants,
  waves,
}: StacksOptions): readonly (readonly [string | undefined, StackTenant[]])[] => {
  if (command === "preview") return tenants.length === 0 ? [] : [[undefined, tenants.toSorted(byId)]];
  const rank = (wave: string | undefined): number => {
    const index = wave === undefined ? -1 : waves.indexOf(wave);
    return index < 0 ? waves.length : index;
  };
  return [...Map.groupBy(tenants.toSorted(byId), ({ wave }) => wave)].sort(([a], [b]) => rank(a) - rank(b));
};

const isBad = ({ outcome }: StackResult): boolean => outcome === "failed" || outcome === "cancelled";

const summarize = (results: readonly StackResult[]): StackReport["summary"] => {
  const summary: Record<StackOutcome, number> = {
    done: 0,
    changes: 0,
    unchanged: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
  };
  for (const { outcome } of results) summary[outcome] += 1;
  return summary;
};

/** Does something with each of the items, so many at once. */
const eachOf = async <Item>(
  items: readonly Item[],
  parallel: number,
  act: (item: Item) => Promise<void>,
): Promise<void> => {
  const rest = items.values();
  const work = async (): Promise<void> => {
    for (const item of rest) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, work));
};

/**
 * Runs the user's `pulumi` on the stacks of many tenants, wave by wave. What fails on one stack is in its result and does
 * not touch the others of its wave. Throws `usage` where logs cannot be written.
 */
export const runStacks = async (options: StacksOptions): Promise<StackReport> => {
  const { stop, abort, report, clock, stacks, command } = options;
  const started = clock();
  await makeLogFolder(options.logDir);
  const results = new Map<string, StackResult>();
  let running = 0;
  const onStop = (): void => report({ code: "cancelling", stacks: running, times: 1 });
  const onAbort = (): void => report({ code: "cancelling", stacks: running, times: 2 });
  stop.addEventListener("abort", onStop, { once: true });
  abort.addEventListener("abort", onAbort, { once: true });
  let failed: string | undefined;

  const end = (result: StackResult): void => {
    results.set(result.tenant, result);
    report({ code: "stack-ended", result });
    if (isBad(result)) failed ??= result.tenant;
  };
  const work = async (tenant: StackTenant): Promise<void> => {
    const because = reasonToSkip(tenant, command, stacks);
    if (because !== undefined) return end(because);
    const wrong = reasonToFail(tenant, command);
    if (wrong !== undefined) return end(wrong);
    if (stop.aborted) return end(skipped(tenant, "interrupted", "it was not begun before the interrupt"));
    if (options.onError === "stop" && failed !== undefined) {
      return end(skipped(tenant, "stopped", `not begun, because ${failed} did not end well`));
    }
    running += 1;
    const result = await runStack(tenant, options).catch((error: unknown) => withoutRun(tenant, error));
    running -= 1;
    end(result);
  };

  try {
    let troubled: string | undefined;
    for (const [wave, tenants] of wavesOf(options)) {
      if (troubled !== undefined) {
        const because = troubled;
        report({ code: "wave-skipped", wave: wave ?? "", stacks: tenants.length, because });
        for (const tenant of tenants) {
          const message = `the earlier wave did not end well: ${because}`;
          results.set(tenant.id, skipped(tenant, "earlier-wave", message));
        }
        continue;
      }
      if (wave !== undefined) report({ code: "wave-started", wave, stacks: tenants.length });
      await eachOf(tenants, options.parallel, work);
      troubled = tenants.find(({ id }) => isBadResult(results.get(id)))?.id;
    }
  } finally {
    stop.removeEventListener("abort", onStop);
    abort.removeEventListener("abort", onAbort);
  }
  const ordered = wavesOf(options).flatMap(([, tenants]) => tenants.flatMap(({ id }) => results.get(id) ?? []));
  return {
    type: "stacks",
    schemaVersion: 1,
    command,
    environment: options.environment,
    ...(options.pulumi === undefined ? {} : { pulumi: options.pulumi }),
    startedAt: new Date(started).toISOString(),
    durationMs: clock() - started,
    interrupted: stop.aborted,
    results: ordered,
    summary: summarize(ordered),
  };
};

const isBadResult = (result: StackResult | undefined): boolean => result !== undefined && isBad(result);
