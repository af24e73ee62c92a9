/** How a target behaves; the first value of each is the default and what the local service does. */
export const traits = {
  /** A PATCH of a configuration merges into it, or is all of it from then on. */
  patch: ["merge", "replace"],
  /** A null in a PATCH takes a field out, or does nothing. */
  unset: ["null", "none"],
  /** Names of connections may repeat, or may not. */
  names: ["free", "unique"],
  /** Secrets are left out of what is read, or shown as set, masked. */
  secrets: ["omitted", "masked"],
  /** Lists of connections carry their configuration, or little more than their names. */
  lists: ["full", "bare"],
  /** `updated_at` moves with writes of the configuration alone, with anything, or is not there. */
  updated_at: ["config", "any", "none"],
} as const;
export type Traits = { readonly [Trait in keyof typeof traits]: (typeof traits)[Trait][number] };

export const defaultTraits: Traits = {
  patch: "merge",
  unset: "null",
  names: "free",
  secrets: "omitted",
  lists: "full",
  updated_at: "config",
};
