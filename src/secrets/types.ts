/** Resolves texts that hold `$ENV()` and `$SECRET()`. Values are kept for the life of the resolver, never logged. */
export type SecretResolver = {
  /** The text with every reference put in. Throws `missing-secret` or `missing-environment-variable`, naming it. */
  resolve(text: string, signal?: AbortSignal): Promise<string>;
};
