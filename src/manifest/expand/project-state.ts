import type { Connector } from "../read/read-connector.ts";
import type { Credentials } from "../read/secret-sources.ts";
import type { Locate } from "../read/validate.ts";
import type { SecretSource } from "../types.ts";
import type { Value } from "./scope.ts";

/** What a project's tenants are checked against and expanded with. */
export type ProjectState = {
  /** Absolute, without symbolic links. */
  readonly root: string;
  /** Texts that count in place of what the files hold, by path. */
  readonly overlay?: ReadonlyMap<string, string>;
  readonly vendor: string;
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Connectors that the project names, though their files may be wrong. */
  readonly connectorNames: readonly string[];
  /** Value of `service_url` by target. */
  readonly serviceUrls: ReadonlyMap<string, Value>;
  readonly waves: readonly string[];
  readonly secrets: { readonly [name: string]: SecretSource };
  /** Places in the project's and the environment's files. */
  readonly locate: Locate;
  readonly ledger: string;
  readonly credentials: Credentials;
  readonly allowed: (environmentVariable: string) => boolean;
  readonly environment: ReadonlyMap<string, string>;
  /** Names of all parameters of all connectors, for `--set`. */
  readonly parameters: ReadonlySet<string>;
};
