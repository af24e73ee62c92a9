import { canonicalJson } from "../canonical.ts";
import type { Json } from "../contract/index.ts";
import { pulumi } from "./sdk.ts";

type Names = Map<string, string>;

/** By the run of a program: one process may run several, or one several times. */
const runs = new WeakMap<object, Names>();

/** False where a part of it is only known later. */
const isKnown = (value: unknown): boolean => {
  if (typeof value === "function" || pulumi.Output.isInstance(value) || value instanceof Promise) return false;
  return typeof value !== "object" || value === null || Object.values(value).every(isKnown);
};

/**
 * Two resources of a program never are one object of the target: the second fails before anything is sent, in previews
 * too. `key` is what makes them the same; undefined where it is not known yet. Throws a `RunError`.
 */
export const oneOfAName = (
  kind: string,
  resource: string,
  target: unknown,
  key: string | undefined,
  shown: string | undefined = key,
): void => {
  const run = pulumi.runtime.getStackResource();
  if (run === undefined || key === undefined || !isKnown(target)) return;
  const names = runs.get(run) ?? new Map<string, string>();
  runs.set(run, names);
  const name = canonicalJson([kind, (target ?? null) as Json, key]);
  const other = names.get(name);
  if (other !== undefined) {
    throw new pulumi.RunError(
      `"${resource}" and "${other}" would be the same ${kind} on the target: ${shown}; give one of them another name`,
    );
  }
  names.set(name, resource);
};

/** A text that is known when the program runs. */
export const knownText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
