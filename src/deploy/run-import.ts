import { DeployerError } from "../errors.ts";
import type { RunWire } from "../infino/index.ts";
import type { Context } from "./context.ts";
import type { Place } from "./find-place.ts";
import { findJob } from "./find-place.ts";
import type { ImportRunReport, RunImportOptions } from "./import-run-types.ts";
import { quietTenants } from "./quiet-tenants.ts";

const never = new AbortController().signal;

/** Not every target begins a run when it is asked. */
const begin = async ({ api, id, target }: Place, signal: AbortSignal): Promise<RunWire> => {
  try {
    return await api.runImportJob(id, signal);
  } catch (error) {
    const status = error instanceof DeployerError ? error.details?.["status"] : undefined;
    if (status !== 404 && status !== 405 && status !== 501) throw error;
    throw new DeployerError(
      "not-supported",
      `the target "${target}" runs no import job when it is asked to: ${status}`,
      {
        hint: "its schedule runs it; a job that is made anew runs at once on most targets",
        details: { status },
      },
    );
  }
};

/** See `Project.runImport`. */
export const runImport = async (
  context: Context,
  name: string,
  { target, wait = false, signal = never }: RunImportOptions,
): Promise<ImportRunReport> => {
  const place = await findJob(context, name, target, signal);
  let run = await begin(place, signal);
  const isOver = run.status === "completed" || run.status === "failed";
  if (wait && !isOver) run = await place.api.followRun(run.run_id, signal);
  const { entry } = place;
  const quiet = quietTenants(context, new Map(), async () => (entry === undefined ? [] : [entry]));
  const { run_id, status, documents_processed: processed, documents_failed: failed, errors } = run;
  return {
    type: "import-run",
    schemaVersion: 1,
    target: place.target,
    job: place.id,
    run: run_id,
    status,
    ...(processed === undefined ? {} : { processed }),
    failed,
    errors: await Promise.all(
      errors.map(async (error) => (entry === undefined ? error : quiet(entry.resource.tenant, error))),
    ),
  };
};
