import type { ErrorWire } from "../infino/index.ts";

/** Every `error.type` of an answer, with its HTTP status. */
const statuses = {
  bad_request: 400,
  invalid_json: 400,
  invalid_field: 400,
  invalid_name: 400,
  invalid_schedule: 400,
  missing_fields: 400,
  unknown_source_type: 400,
  unknown_connection: 400,
  unauthorized: 401,
  not_found: 404,
  name_taken: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unsupported_query: 400,
  query_failed: 400,
  malformed_file: 400,
  connection_mismatch: 400,
  source_error: 400,
  source_refused: 400,
  source_not_found: 404,
  result_too_large: 413,
  internal_error: 500,
  not_implemented: 501,
  source_unreachable: 502,
  source_timeout: 504,
  query_timeout: 504,
  insufficient_memory: 507,
  insufficient_storage: 507,
} as const;

export type ProblemType = keyof typeof statuses;

/** What a handler throws to answer with an error. The reason holds no secret. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly type: ProblemType;

  constructor(type: ProblemType, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.type = type;
  }
}

/** What an error tells whoever asked; undefined: it is a defect. A full disk and too little memory are none. */
export const problemOf = (error: unknown): Problem | undefined => {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  if ((error as NodeJS.ErrnoException).code === "ENOSPC" || fullDisk.test(message)) {
    return new Problem("insufficient_storage", "the disk of the service's data folder is full; nothing was changed", {
      cause: error,
    });
  }
  if (!message.startsWith("Out of Memory Error")) return undefined;
  return new Problem(
    "insufficient_memory",
    "this takes more memory than the service may use; ask for less at a time, or for fewer columns",
    { cause: error },
  );
};

// Of DuckDB, Node and SQLite.
const fullDisk = /No space left on device|database or disk is full/;

/** The answer in the API's error shape. */
export const problemResponse = (problem: Problem): Response => {
  const status = statuses[problem.type];
  const body: ErrorWire = { error: { type: problem.type, reason: problem.message }, status };
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
};
