import { DeployerError } from "../../errors.ts";

/** Counts the records of one file, text by text. Holds no more of it than one record. */
export type Counter = {
  take(text: string): void;
  /** The file has ended; how many records there were. */
  end(): number;
};

/** Characters that one record may have: more is a file in another format. */
export const longestRecord = 16 * 1024 * 1024;

/** A file is not what its format says. `place` names row and column; what stands there is not quoted: it may be personal. */
export const wrongRecord = (place: string, what: string, hint: string): DeployerError =>
  new DeployerError("invalid-files", `${place}: ${what}`, { hint });
