import "vitest";

/** A server that answers, with what tests need to reach it, or why there is none. Only data: it goes to other processes. */
export type Found<Server> = ({ readonly answered: string } & Server) | { readonly missing: string };

/** A real search server without security, of this run alone. */
export type SearchServer = {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly version: string;
};

declare module "vitest" {
  /** What `inject` gives to the tests under `test/integration/`. */
  interface ProvidedContext {
    readonly elasticsearch: Found<SearchServer>;
    readonly opensearch: Found<SearchServer>;
  }
}

/** The servers that one module starts: values by the name that `inject` takes, and their end. */
export type Started<Values> = { readonly values: Values; stop(): Promise<void> };

/**
 * Starts servers on free loopback ports. `work` is a temporary folder of this run that is removed at its end. What a
 * machine lacks (Java, Python, Maven) is `missing`, anything else that fails is thrown. What is started must end when
 * this process does, also after SIGKILL: let it read its standard input, a pipe that is never written to, to its end.
 */
export type Start<Values> = (work: string) => Promise<Started<Values>>;
