import type { IncomingMessage } from "node:http";
import type { Catalog } from "../catalog/index.ts";
import type { Traits } from "../contract/index.ts";

/** The one key pair that requests are signed with. */
export type Credentials = { readonly accessKey: string; readonly secretKey: string };

export type ServiceOptions = {
  /** Folder for metadata and keys, made when missing; absent: everything is in memory and gone with the process. */
  readonly dataDir?: string;
  /** Default: the built-in connector types. */
  readonly catalog?: Catalog;
  /** Default: a pair that is made once and kept in the data folder. */
  readonly credentials?: Credentials;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: () => number;
  /** Milliseconds that reading one connection waits for its status to be tried; default 3,000. */
  readonly statusWait?: number;
  /** Milliseconds that a query over datasets may take; default 30,000. */
  readonly queryTimeout?: number;
  /** False: import jobs are kept, but do not run. Default true. */
  readonly runImports?: boolean;
  /** How it behaves; what is left out has its default. */
  readonly traits?: Partial<Traits>;
  /** Told of defects that a client only sees as `internal_error`; default: nobody. */
  readonly reportError?: (error: unknown) => void;
};

/** The service without a port. */
export type Service = {
  readonly credentials: Credentials;
  /** Where a pair that was made is kept; absent when it was given, or with no data folder. */
  readonly credentialsFile?: string;
  /** What its connections lack: a line for each package that is not installed, with the command that installs it. */
  readonly notices: readonly string[];
  /**
   * Answers one request; never rejects. Hand it to a client as its `fetch`. `bindings.incoming` is the request that a
   * Node server received: only from there can the body of a GET be read.
   */
  fetch(request: Request, bindings?: { readonly incoming?: IncomingMessage }): Promise<Response>;
  /** Ends imports, which go on at the next start, stops trying connections and closes the data folder. */
  close(): Promise<void>;
};

export type ServeOptions = ServiceOptions & {
  /** On 127.0.0.1; default 0, which picks a free one. */
  readonly port?: number;
};

/** The service behind a port. */
export type Server = {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly credentialsFile?: string;
  /** What its connections lack, as of its start. */
  readonly notices: readonly string[];
  /** Lets running requests end, for one second at most. */
  close(): Promise<void>;
};
