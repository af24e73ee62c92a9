import type { Properties } from "../../contract/index.ts";

/** What a connection's status says, in the API's words. */
export type SourceStatus = {
  readonly status: "connected" | "disconnected" | "error";
  /** Why it is not connected; holds no secret. */
  readonly reason?: string;
};

/** How to talk to one family of external systems. */
export type SourceDriver = {
  /** Tries the connection: `error` where the system refuses the credentials. Never rejects; ends when `signal` aborts. */
  probe(config: Properties, auth: string, signal: AbortSignal): Promise<SourceStatus>;
};
