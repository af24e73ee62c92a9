import type { Rim } from "../lifecycle/rim.ts";
import type { WithProject } from "./open-projects.ts";

/** What the provider knows for as long as its process lives: one `pulumi` command. */
export type Session = {
  readonly rim: Rim;
  readonly withProject: WithProject;
  /** Runs what writes; the signal says that nothing new may be started. */
  readonly stopping: <T>(work: (stop: AbortSignal) => Promise<T>) => Promise<T>;
  /** Ids of deployments that the state has. */
  readonly known: Set<string>;
  /** Ids of deployments that were made by this process. */
  readonly made: Set<string>;
};

/** Milliseconds. Requests have deadlines of their own; these end what would go on for ever. */
export const bounds = {
  /** To read what is live, and to plan. */
  look: 300_000,
  /** After this no new change is started. */
  apply: 1_800_000,
  /** After this running requests are abandoned too. */
  abandon: 2_100_000,
} as const;
