import type { Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { catalogFiles, catalogOf } from "../catalog-files.ts";
import { secretTexts, wantedBy } from "./picture.ts";
import type { Session } from "./session.ts";

const shortest = 4;

const withoutTexts = (text: string, secrets: readonly string[]): string =>
  secrets
    .filter((secret) => secret.length >= shortest)
    .sort((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);

const secretsOf = ({ adapter, dir }: Session, states: readonly Properties[]): readonly string[] =>
  states.flatMap((state) => {
    try {
      const { shape, clear } = wantedBy(adapter, catalogOf(catalogFiles(state), dir), state);
      return secretTexts(shape.secret, clear);
    } catch {
      return [];
    }
  });

/**
 * An error for Pulumi, which prints its message as it is: with what to do, and without the secrets of these states.
 * Keeps what makes a partial failure.
 */
export const toFailure = (session: Session, states: readonly Properties[], error: unknown): Error => {
  const secrets = secretsOf(session, states);
  const { code, hint, details } =
    error instanceof DeployerError ? error : { code: "internal" as const, hint: undefined, details: undefined };
  const message = error instanceof Error ? error.message : String(error);
  const clean = withoutTexts(hint === undefined ? message : `${message}; ${hint}`, secrets);
  const failure = new DeployerError(code, clean, { details });
  if (!(error instanceof Error && "id" in error && "properties" in error)) return failure;
  return Object.assign(failure, { id: error.id, properties: error.properties, reasons: [clean] });
};
