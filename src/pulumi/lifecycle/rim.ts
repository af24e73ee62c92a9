import { setTimeout } from "node:timers/promises";
import { programFolder } from "../program-folder.ts";

/** What a provider takes from the process that it runs in. */
export type Rim = {
  readonly env: { readonly [name: string]: string | undefined };
  /** The program's folder: what all paths are relative to. */
  readonly dir: string;
  readonly clock: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Default: the global fetch. */
  readonly fetch?: (request: Request) => Promise<Response>;
};

export const processRim = (): Rim => ({
  env: process.env,
  dir: programFolder(process.cwd()),
  clock: Date.now,
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
});
