import type { Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { withoutHidden } from "./hidden-texts.ts";

/** Pulumi's host prints some errors as text and stack: this one is its code and its message there, once. */
export const printedOnce = <E extends DeployerError>(error: E): E => {
  Object.defineProperty(error, "stack", { value: error.message });
  Object.defineProperty(error, "toString", { value: () => error.code });
  return error;
};

/**
 * An error for Pulumi, which prints its message as it is: with what to do, and without what the configuration of these
 * states holds. Keeps what makes a partial failure.
 */
export const toFailure = (states: readonly Properties[], error: unknown): DeployerError => {
  const { code, hint } = error instanceof DeployerError ? error : { code: "internal" as const, hint: undefined };
  const message = error instanceof Error ? error.message : String(error);
  const clean = withoutHidden(hint === undefined ? message : `${message}; ${hint}`, states);
  const failure = printedOnce(new DeployerError(code, clean));
  if (!(error instanceof Error && "id" in error && "properties" in error)) return failure;
  return Object.assign(failure, { id: error.id, properties: error.properties, reasons: [clean] });
};
