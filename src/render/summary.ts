import type { Operation, Summary } from "../contract/index.ts";
import { count, counted } from "./words.ts";

/** The sign that a change's line begins with. */
export const symbols: Readonly<Record<Operation, string>> = {
  insert: "+",
  update: "~",
  replace: "±",
  delete: "-",
  rename: "~",
  adopt: "=",
  forget: "=",
  noop: "=",
};

type Counts = Pick<Summary, "insert" | "update" | "delete" | "replace" | "rename" | "adopt" | "forget" | "retained">;

const optional = (value: number, words: string): string[] => (value === 0 ? [] : [`${count(value)} ${words}`]);

/** `3 to add, 1 to change, 0 to delete across 12 tenants`; what happens seldom is named only where it happens. */
export const planSummary = (summary: Summary): string =>
  `${[
    `${count(summary.insert)} to add`,
    `${count(summary.update)} to change`,
    `${count(summary.delete)} to delete`,
    ...optional(summary.replace, "to replace"),
    ...optional(summary.rename, "to rename"),
    ...optional(summary.adopt, "to adopt"),
    ...optional(summary.forget, "to forget"),
    ...optional(summary.retained, "retained"),
  ].join(", ")} across ${counted(summary.tenants, "tenant")}`;

/** `3 added, 1 changed, 0 deleted`. */
export const doneSummary = (done: Counts): string =>
  [
    `${count(done.insert)} added`,
    `${count(done.update)} changed`,
    `${count(done.delete)} deleted`,
    ...optional(done.replace, "replaced"),
    ...optional(done.rename, "renamed"),
    ...optional(done.adopt, "adopted"),
    ...optional(done.forget, "forgotten"),
    ...optional(done.retained, "retained"),
  ].join(", ");
