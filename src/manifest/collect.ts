import type { Diagnostic, DiagnosticCode, Location } from "../diagnostic.ts";

/** A place, or how to find it: most checks complain about nothing, and finding a place may mean parsing again. */
export type Where = Location | undefined | (() => Location | undefined);

export type Complain = (code: DiagnosticCode, where: Where, message: string, hint?: string | undefined) => void;

export type Collector = {
  readonly diagnostics: readonly Diagnostic[];
  add(...diagnostics: readonly Diagnostic[]): void;
  readonly error: Complain;
  readonly warning: Complain;
};

const samePlace = (a: Location | undefined, b: Location): boolean =>
  a !== undefined && a.file === b.file && a.line === b.line && a.column === b.column;

/**
 * Collects diagnostics; the same one at the same place counts once, and that a value has the wrong type says more than that
 * it lost its zeros. `tenant` is added to each.
 */
export const collector = (tenant?: string): Collector => {
  const diagnostics: Diagnostic[] = [];
  const seen = new Set<string>();
  const add = (...more: readonly Diagnostic[]): void => {
    for (const diagnostic of more) {
      const { code, message, location } = diagnostic;
      const key = JSON.stringify([code, message, location?.file, location?.line, location?.column]);
      if (seen.has(key)) continue;
      seen.add(key);
      if (code === "wrong-type" && location !== undefined) {
        const weaker = diagnostics.findIndex(
          (one) => one.code === "leading-zeros" && samePlace(one.location, location),
        );
        if (weaker !== -1) diagnostics.splice(weaker, 1);
      }
      diagnostics.push(tenant === undefined ? diagnostic : { ...diagnostic, tenant });
    }
  };
  const of =
    (severity: Diagnostic["severity"]): Complain =>
    (code, where, message, hint) => {
      const location = typeof where === "function" ? where() : where;
      add({
        code,
        severity,
        message,
        ...(hint !== undefined && { hint }),
        ...(location !== undefined && { location }),
      });
    };
  return { diagnostics, add, error: of("error"), warning: of("warning") };
};
