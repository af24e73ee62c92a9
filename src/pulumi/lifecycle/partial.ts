import type { Properties } from "../../contract/index.ts";
import { segments } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { Session } from "./session.ts";

/** What makes Pulumi record a resource whose creation or change did not end well, and update it next time. */
const withState = (error: Error, id: string, properties: Properties): Error =>
  Object.assign(error, { id, properties, reasons: [error.message] });

/**
 * The error of a write that takes several requests, of which some were done. The state must know the object, and that its
 * content is not what was asked for, so that the next run writes it anew. Where that would add to what is there, a person
 * has to look: the state counts it as done. Other errors stay as they are.
 */
export const asPartial = (
  { adapter }: Pick<Session, "adapter">,
  id: string,
  state: Properties,
  error: unknown,
): unknown => {
  const { kind } = adapter;
  if (!(error instanceof DeployerError) || error.details?.["outcome"] !== "partial") return error;
  if (kind.isRepeatable?.(adapter.properties(state)) === false) {
    const told = new DeployerError(error.code, `${error.message}; a part of it may be there`, {
      hint: `look at what ${id} holds; the next \`pulumi up\` counts it as done`,
      details: error.details,
    });
    return withState(told, id, state);
  }
  const digest = kind.localFile === undefined ? undefined : segments(kind.localFile.digest)[0];
  const unfinished = Object.fromEntries(Object.entries(state).filter(([name]) => name !== digest));
  return withState(error, id, unfinished);
};

/** The error of a create that made the object and failed after that: the next run must not make another one. */
export const asMade = (id: string, state: Properties, error: unknown): Error =>
  withState(error instanceof Error ? error : new Error(String(error)), id, state);
