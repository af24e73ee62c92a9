/** What became of a file's records. */
export type Loaded = {
  readonly processed: number;
  /** Records that could not be taken. */
  readonly failed: number;
  /** Where and why, the first {@link mostErrors}. */
  readonly errors: readonly string[];
};

export const mostErrors = 100;

/** A value is not of the type that its column has so far: the file has to be looked at as a whole. */
const misfit = "upload-misfit";

/** An SQL expression that gives up loading. */
export const misfitError = `error('${misfit}')`;

export const isMisfit = (error: unknown): boolean =>
  error instanceof Error && (error.message.includes(misfit) || error.message.startsWith("Conversion Error"));
