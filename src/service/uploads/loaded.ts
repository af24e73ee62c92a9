import type { Writer } from "../data/types.ts";
import { Problem } from "../problem.ts";

/** What became of a file's records. */
export type Loaded = {
  readonly processed: number;
  /** Records that could not be taken. */
  readonly failed: number;
  /** Where and why, the first {@link mostErrors}. */
  readonly errors: readonly string[];
};

/** Puts the records of a file into its dataset, in one transaction. */
export type Load = (fill: (writer: Writer) => Promise<Loaded>) => Promise<Loaded>;

export const mostErrors = 100;

/** Levels that a record may be nested: DuckDB's functions for JSON end the process far beyond. */
export const deepest = 500;

/** A value is not of the type that its column has so far: the file has to be looked at as a whole. */
const misfit = "upload-misfit";

/** An SQL expression that gives up loading. */
export const misfitError = `error('${misfit}')`;

/** What DuckDB says, also where the data store has put it into its own words; empty for any other error. */
export const databaseReason = (error: unknown): string => {
  const said = error instanceof Problem ? error.cause : error;
  return said instanceof Error ? said.message : "";
};

export const isMisfit = (error: unknown): boolean => {
  const reason = databaseReason(error);
  return reason.includes(misfit) || reason.startsWith("Conversion Error");
};
