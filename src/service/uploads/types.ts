import type { FileUploadWire } from "../../infino/index.ts";
import type { Call } from "../operations.ts";

/** Takes files into datasets. */
export type Uploads = {
  /** What was under way when the process before ended is there, or has failed. */
  start(): Promise<void>;
  /** `POST /import/file`. */
  take(call: Call): Promise<FileUploadWire>;
  /** Interrupts what runs. */
  close(): Promise<void>;
};
