import { Problem } from "../problem.ts";
import type { State } from "../state.ts";
import type { Imports } from "./types.ts";

/** What running imports need. */
export type ImportsRim = {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of defects. */
  readonly reportError: (error: unknown) => void;
};

/** `state` is complete when the first member is called. */
export const createImports = (_state: () => State, _rim: ImportsRim): Imports => idleImports;

/** Keeps jobs as they are; nothing runs. */
export const idleImports: Imports = {
  start: () => undefined,
  added: () => undefined,
  removed: async () => undefined,
  run: () => {
    throw new Problem("bad_request", "import jobs do not run here: the service was started without them");
  },
  next: () => undefined,
  dropped: async () => undefined,
  close: async () => undefined,
};
