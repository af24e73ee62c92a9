import type { Change, Field, Operation, Plan } from "../../contract/index.ts";
import { address, segments } from "../../contract/index.ts";
import { wording } from "./wording.ts";

const signs: Readonly<Record<Operation, string>> = {
  insert: "+",
  update: "~",
  replace: "±",
  delete: "-",
  rename: "~",
  adopt: "=",
  forget: "=",
  noop: "=",
};

const words: readonly (readonly [operation: Operation, words: string])[] = [
  ["insert", "to add"],
  ["update", "to change"],
  ["replace", "to replace"],
  ["delete", "to delete"],
  ["rename", "to rename"],
  ["adopt", "to adopt"],
  ["forget", "to forget"],
];

const mostLines = 30;
const mostFields = 8;

const cut = (items: readonly string[], most: number): string =>
  items.length <= most ? items.join(", ") : `${items.slice(0, most).join(", ")} and ${items.length - most} more`;

const nameOf = ({ path }: Field): string => segments(path).join(".");

/** Names and paths alone: a value may be one that the program marked as secret. */
const lineOf = ({ op, kind, entity, fields = [], marks = [], from }: Change): string => {
  const paths = fields
    .filter((field) => field.class !== "unknown")
    .map((field) =>
      field.class === "drift" || field.class === "both" ? `${nameOf(field)} (changed on the target)` : nameOf(field),
    );
  const unknown = fields.filter((field) => field.class === "unknown").map(nameOf);
  const notes = [
    ...(from === undefined ? [] : [`was ${from}`]),
    ...marks.filter((mark) => mark !== "renamed" && (mark !== "drift" || paths.length === 0)),
  ];
  const isNew = op === "insert" || op === "delete";
  const parts = [
    ...(paths.length === 0 || isNew ? [] : [cut(paths, mostFields)]),
    ...(unknown.length === 0 || isNew ? [] : [`written again, since it cannot be read: ${cut(unknown, mostFields)}`]),
  ];
  return `${signs[op]} ${address(kind, entity._id)}${notes.length === 0 ? "" : ` [${notes.join(", ")}]`}${
    parts.length === 0 ? "" : `: ${parts.join("; ")}`
  }`;
};

const changesOf = (plan: Plan, tenant: string): readonly Change[] =>
  plan.changes.filter((change) => change.tenant === tenant && change.op !== "noop");

const prunableOf = (plan: Plan, tenant: string): readonly Change[] =>
  plan.prunable.filter((change) => change.tenant === tenant);

/** True where there is something to tell of a tenant. */
export const hasWork = (plan: Plan, tenant: string): boolean =>
  changesOf(plan, tenant).length + prunableOf(plan, tenant).length > 0;

/** What a plan would do for one of its tenants: the counts, then a line for each change; of bounded length. */
export const planText = (plan: Plan, tenant: string): string => {
  const changes = changesOf(plan, tenant);
  const counts = words.flatMap(([operation, text]) => {
    const count = changes.filter(({ op }) => op === operation).length;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  const lines = [
    ...changes.map(lineOf),
    ...prunableOf(plan, tenant).map((change) => `${lineOf(change)} would be deleted with prune: true`),
  ];
  return [
    `tenant ${tenant}: ${counts.length === 0 ? "nothing to do" : counts.join(", ")}`,
    ...lines.slice(0, mostLines).map((line) => `  ${line}`),
    ...(lines.length > mostLines ? [`  and ${lines.length - mostLines} more`] : []),
  ].join("\n");
};

const mostSecrets = 10;

/** Secrets of a tenant that have no value here. */
export const unresolvedText = (tenant: string, texts: readonly string[]): string =>
  `tenant ${tenant}: these secrets have no value: ${cut(texts, mostSecrets)}`;

/** What keeps a tenant, or the whole run, from being applied. */
export const refusalTexts = (plan: Plan, tenant: string): readonly string[] =>
  plan.refusals
    .filter((refusal) => refusal.tenant === undefined || refusal.tenant === tenant)
    .map(({ guard, message, hint }) => wording(`refused (${guard}): ${message}`, hint));

/** What was seen of a tenant and will not be touched; what a guard speaks of is not said twice. */
export const findingTexts = (plan: Plan, tenant: string): readonly string[] => {
  const refused = new Set(plan.refusals.flatMap(({ resources }) => resources));
  return plan.findings
    .filter((item) => item.tenant === tenant || (item.tenant === undefined && item.finding === "unreadable"))
    .filter((item) => item._id === undefined || !refused.has(address(item.kind, item._id)))
    .map(({ finding, kind, _id, reason }) => {
      const name = _id === undefined ? kind : address(kind, _id);
      return `${finding}: ${name}${reason === undefined ? "" : ` (${reason})`}`;
    });
};
