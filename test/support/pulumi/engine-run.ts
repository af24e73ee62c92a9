import type { Resource } from "./engine-state.ts";
import type { State } from "./provider-host.ts";
import { changedPaths, masked } from "./secret-marks.ts";

/** What became of one resource, in the order in which it did. */
export type Step = {
  /** `replace` makes a new one in place of one that `delete-replaced` takes away, before or after it. */
  readonly op: "create" | "update" | "same" | "replace" | "delete" | "delete-replaced" | "read" | "refresh";
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** As the provider checked them; secrets are only the word. */
  readonly inputs: State;
  /** Dotted paths of the inputs that differ from those in the state. */
  readonly changed: readonly string[];
  /** Dotted paths that a diff display shows: masked, and without what is hidden. */
  readonly shown: readonly string[];
  readonly secretOutputs: readonly string[];
  readonly hiddenDiffs: readonly string[];
};

export type Diagnostic = {
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
  /** Of the resource that it is about; empty where it is about none. */
  readonly urn: string;
};

export type Run = {
  /** The program ended well and every call succeeded. */
  readonly ok: boolean;
  readonly steps: readonly Step[];
  /** Outputs of the stack; secrets are only the word. */
  readonly outputs: State;
  readonly diagnostics: readonly Diagnostic[];
  /** Everything that program and engine said. */
  readonly log: string;
};

/** What one run writes down while it goes on. */
export type Journal = {
  readonly steps: Step[];
  readonly diagnostics: Diagnostic[];
  step(op: Step["op"], resource: Resource, before?: Resource): void;
  fail(urn: string, error: unknown): void;
  failed(): boolean;
};

/** Without gRPC's own prefix. */
const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return "details" in error && typeof error.details === "string" ? error.details : error.message;
};

const isHidden = (path: string, hidden: readonly string[]): boolean =>
  hidden.some((one) => path === one || path.startsWith(`${one}.`));

export const createJournal = (): Journal => {
  const steps: Step[] = [];
  const diagnostics: Diagnostic[] = [];
  let failed = false;
  return {
    steps,
    diagnostics,
    step: (op, resource, before) => {
      const { urn, type, name, secretOutputs, hiddenDiffs } = resource;
      // A refresh displays outputs, everything else inputs.
      const side = op === "refresh" ? "outputs" : "inputs";
      const seen = before === undefined ? [] : changedPaths(masked(before[side]), masked(resource[side]));
      steps.push({
        op,
        urn,
        type,
        name,
        inputs: masked(resource.inputs) as State,
        changed: before === undefined ? [] : changedPaths(before.inputs, resource.inputs),
        shown: seen.filter((path) => !isHidden(path, hiddenDiffs)),
        secretOutputs,
        hiddenDiffs,
      });
    },
    fail: (urn, error) => {
      failed = true;
      diagnostics.push({ severity: "error", urn, message: textOf(error) });
    },
    failed: () => failed,
  };
};
