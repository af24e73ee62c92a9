/** Where a secret's value comes from. `command` is an argv list run without a shell; only a project may have one. */
export type SecretSource =
  | { readonly env: string }
  /** Relative to the project folder, or absolute. */
  | { readonly file: string }
  | { readonly command: readonly string[] };

export type SecretSources = { readonly [name: string]: SecretSource };

/** A reference in a text that has no value. */
export type MissingReference = {
  readonly text: string;
  readonly name: string;
  readonly code: "missing-secret" | "missing-environment-variable" | "secret-command-failed";
  readonly message: string;
  readonly hint: string | undefined;
};

/** Resolves texts that hold `$ENV()` and `$SECRET()`. Values are kept for the life of the resolver, never logged. */
export type SecretResolver = {
  /**
   * The text with every reference put in. Throws `missing-secret`, `missing-environment-variable` or
   * `secret-command-failed`, naming it, and `cancelled`. An empty value is a missing one.
   */
  resolve(text: string, signal?: AbortSignal): Promise<string>;
  /** Every reference of the texts that has no value, each once, so that all can be reported before the first write. */
  missing(texts: readonly string[], signal?: AbortSignal): Promise<readonly MissingReference[]>;
};

export type ProjectSecrets = SecretResolver & {
  /**
   * A resolver for one tenant: its sources hide the project's of the same name, the project's values are shared.
   * Throws `usage` where a source is a command: only the project may run one.
   */
  forTenant(sources: SecretSources): SecretResolver;
};

export type CommandResult =
  | { readonly ended: "success"; readonly output: string }
  /** Said in words that hold none of the command's output. */
  | { readonly ended: "failure"; readonly because: string };

export type SecretOptions = {
  readonly sources: SecretSources;
  readonly env: { readonly [name: string]: string | undefined };
  /** Absolute: the project folder. Files are relative to it, commands run in it. */
  readonly dir: string;
  /** Reads a file of at most `limit` bytes; throws where it is longer. Default: from disk. */
  readonly readFile?: (path: string, limit: number) => Promise<Uint8Array>;
  /** Runs an argv list without a shell. Default: with `env` only, in `dir`, for at most 30 s, output of at most 1 MB. */
  readonly run?: (argv: readonly string[], signal: AbortSignal) => Promise<CommandResult>;
};
