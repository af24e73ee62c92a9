import type { FileUploadWire } from "../../infino/index.ts";
import type { Call } from "../operations.ts";

/** Takes files into datasets. */
export type Uploads = {
  /** What was under way when the process ended before has failed. */
  start(): void;
  /** `POST /import/file`. */
  take(call: Call): Promise<FileUploadWire>;
  /** Interrupts what runs. */
  close(): Promise<void>;
};
