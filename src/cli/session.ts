import type { ReportEvent } from "../engine/index.ts";
import type { Activity } from "./activity.ts";
import type { Output } from "./output.ts";
import type { Stops } from "./stops.ts";

/** The process around a command. */
export type Io = {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
};

/** Everything that a command reaches outside of itself. */
export type Session = {
  readonly io: Io;
  readonly output: Output;
  readonly stops: Stops;
  /** What is going on, for the message of a deadline that passed. */
  readonly activity: Activity;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** True where a person can be asked. */
  readonly interactive: boolean;
  /** Told of everything that the library reports. */
  readonly report: (event: ReportEvent) => void;
  /** Takes reports from now on; gives a function that ends it. */
  readonly listen: (listener: (event: ReportEvent) => void) => () => void;
};
