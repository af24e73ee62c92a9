import type { JobStatusWire } from "../../infino/index.ts";
import type { RunRecord } from "./types.ts";

/** A run as the API tells of it. `stats` is null until it has ended. */
export const jobStatusWire = (run: RunRecord): JobStatusWire => ({
  run_id: run.id,
  status: run.status,
  connector_id: run.connector,
  connection_id: run.connection ?? null,
  index_name: run.dataset,
  started_at: run.started_at,
  completed_at: run.completed_at ?? null,
  duration_ms: run.duration_ms ?? null,
  error_message: run.error ?? null,
  stats:
    run.completed_at === undefined
      ? null
      : {
          documents_processed: run.processed,
          documents_failed: run.failed,
          bytes_processed: run.bytes,
          avg_throughput_docs_per_sec: perSecond(run.processed, run.duration_ms ?? 0),
          errors: run.errors,
        },
  trigger: run.trigger,
  ...(run.job === undefined ? {} : { documents_removed: run.removed }),
  ...(run.resumed === undefined ? {} : { documents_resumed: run.resumed }),
  ...(run.skipped === undefined ? {} : { skipped_runs: run.skipped }),
});

const perSecond = (records: number, milliseconds: number): number =>
  milliseconds > 0 ? Math.round((records * 100_000) / milliseconds) / 100 : 0;
