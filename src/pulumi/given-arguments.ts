import { nearest } from "../nearest.ts";
import { pulumi } from "./sdk.ts";

/**
 * Arguments as an object: a program in JavaScript may leave them out, and the provider says what is missing. Throws a
 * `RunError` where they are something else.
 */
export const givenArguments = <T extends object>(resource: string, args: T | null | undefined): T => {
  if (args === undefined || args === null) return {} as T;
  if (typeof args === "object" && !Array.isArray(args)) return args;
  const found = Array.isArray(args) ? "a list" : `a ${typeof args}`;
  throw new pulumi.RunError(`"${resource}": its arguments must be an object; they are ${found}`);
};

/** Names of arguments that are not among these. Those without a value do not count. */
const otherNames = (args: object, known: readonly string[]): readonly string[] =>
  pulumi.Output.isInstance(args)
    ? []
    : Object.entries(args).flatMap(([name, value]) => (value === undefined || known.includes(name) ? [] : [name]));

const refuseOthers = (resource: string, args: object, known: readonly string[]): void => {
  const [first] = otherNames(args, known);
  if (first === undefined) return;
  throw new pulumi.RunError(
    `"${resource}": "${first}" is not an argument here; ${nearest(first, known, "arguments are")}`,
  );
};

/**
 * Arguments that a class does not know: with them the check of the provider fails and names each. Throws a `RunError` for
 * what the SDK cannot pass on, and where nothing checks: a look-up. Pulumi's engine prints the value of what a failure
 * names, also of a Pulumi secret: it may be one in a wrong place, so another text stands for each.
 */
export const otherArguments = (
  resource: string,
  args: object,
  own: object,
  prototype: object,
  isLookup: boolean,
): { readonly [name: string]: string } => {
  const known = Object.keys(own);
  if (isLookup) refuseOthers(resource, args, known);
  const names = otherNames(args, known);
  // A property of the class itself cannot become an output; the SDK leaves out `id` and `urn`.
  const reserved = names.filter((name) => name in prototype || ["id", "urn", "__provider"].includes(name));
  refuseOthers(resource, Object.fromEntries(reserved.map((name) => [name, true])), known);
  return Object.fromEntries(names.map((name) => [name, "not shown"]));
};
