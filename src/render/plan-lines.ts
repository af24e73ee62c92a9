import type { Change, Field, Operation } from "../contract/index.ts";
import { address, eachSealed, entityProperties } from "../contract/index.ts";
import { printable } from "./escape.ts";
import type { ChangeGroup } from "./plan-groups.ts";
import type { Style } from "./style.ts";
import { symbols } from "./summary.ts";
import { dotted, fieldNote, formatDifference, formatValue, longValue, shortValue } from "./value.ts";
import { counted, listed } from "./words.ts";

const mostTenants = 3;
const mostExamples = 3;
const mostFields = 20;

const colourOf = (op: Operation): keyof Style => {
  switch (op) {
    case "insert":
      return "green";
    case "delete":
      return "red";
    case "replace":
      return "magenta";
    case "update":
    case "rename":
      return "yellow";
    case "adopt":
    case "forget":
    case "noop":
      return "cyan";
    default:
      return op satisfies never;
  }
};

export const symbolOf = (op: Operation, style: Style): string => style[colourOf(op)](symbols[op]);

/** Words for operations that their sign does not tell apart. */
const operationNote = (op: Operation, id: string | undefined): string[] => {
  const live = id === undefined ? "" : ` ${printable(id)}`;
  if (op === "adopt") return [`adopt${live}`];
  if (op === "forget" && id === undefined) return ["forget, nothing of it is there"];
  if (op === "forget") return [`forget${live}, it is gone already`];
  if (op === "rename") return ["rename"];
  return [];
};

const bracketed = (notes: readonly string[], style: Style): string =>
  notes.length === 0 ? "" : ` ${style.yellow(`(${notes.join(", ")})`)}`;

export const fieldText = (field: Field, style: Style, limit: number, same: boolean): string => {
  const difference = same ? formatDifference(field, limit) : style.dim("(values differ)");
  return `${dotted(field.path)} ${difference}${bracketed([fieldNote(field)].filter(Boolean), style)}`;
};

const fieldLines = (fields: readonly Field[], style: Style, limit: number, same: boolean, most: number): string[] => {
  const lines = fields.slice(0, most).map((field) => `    ${fieldText(field, style, limit, same)}`);
  return fields.length <= most
    ? lines
    : [...lines, style.dim(`    and ${counted(fields.length - most, "more field")}`)];
};

/** Marks that say more than the line does already: where each field says that it is drift, the change need not. */
const marksOf = ({ op, marks = [], fields = [] }: Pick<Change, "op" | "marks" | "fields">): readonly string[] => {
  const isDrift = fields.some((field) => field.class === "drift" || field.class === "both");
  return marks.filter((mark) => !(isDrift && mark === "drift") && !(op === "rename" && mark === "renamed"));
};

const tenantsOf = (changes: readonly Change[]): readonly string[] => [
  ...new Set(changes.map((change) => change.tenant)),
];

const inTenants = (changes: readonly Change[]): string => printable(listed(tenantsOf(changes), mostTenants));

/** Texts of the secrets that have no value here. */
const unresolvedTexts = (changes: readonly Change[]): readonly string[] => {
  const texts = new Set<string>();
  for (const { entity } of changes) {
    eachSealed(entityProperties(entity), (_, sealed) => {
      if (sealed.fingerprint === undefined) texts.add(sealed.$secret);
    });
  }
  return [...texts].sort();
};

/** A mark with what it is about: live objects that only have the name, secrets without a value. */
const markText = (mark: string, changes: readonly Change[]): string => {
  const about =
    mark === "duplicate"
      ? changes.flatMap((change) => change.duplicates ?? [])
      : mark === "unresolved"
        ? unresolvedTexts(changes)
        : [];
  return about.length === 0 ? mark : `${mark}: ${printable(listed(about, mostExamples))}`;
};

const ownMarks = (change: Change): readonly string[] => marksOf(change).map((mark) => markText(mark, [change]));

/** One change with all that is known of it. */
export const changeLines = (change: Change, style: Style, detail: boolean): string[] => {
  const { op, kind, entity, fields = [] } = change;
  const limit = detail ? longValue : shortValue;
  const name = printable(address(kind, entity._id));
  const head = `${symbolOf(op, style)} ${name}${bracketed([...operationNote(op, change.id), ...ownMarks(change)], style)}`;
  if (detail && op === "insert") {
    const properties = Object.entries(entityProperties(entity));
    return [head, ...properties.map(([key, value]) => `    ${printable(key)}: ${formatValue(value, limit)}`)];
  }
  const [only] = fields;
  if (only !== undefined && fields.length === 1 && !detail) return [`${head} ${fieldText(only, style, limit, true)}`];
  return [head, ...fieldLines(fields, style, limit, true, detail ? Infinity : mostFields)];
};

/** A group on as few lines as it takes; one change stands for itself. */
export const groupLines = (group: ChangeGroup, style: Style): string[] => {
  const [first] = group.changes;
  if (first !== undefined && group.changes.length === 1) return changeLines(first, style, false);
  const { op, kind, changes, fields, sameValues } = group;
  const symbol = symbolOf(op, style);
  const notes = bracketed(
    [...operationNote(op, undefined), ...marksOf(group).map((mark) => markText(mark, changes))],
    style,
  );
  const things = counted(changes.length, kind);
  const [only] = fields;
  if (only !== undefined && fields.length === 1 && (op === "update" || op === "replace")) {
    return [`${symbol} ${fieldText(only, style, shortValue, sameValues)} in ${things} (${inTenants(changes)})${notes}`];
  }
  const tenants = tenantsOf(changes);
  const head =
    group._id !== undefined && sameValues
      ? `${symbol} ${printable(address(kind, group._id))} in ${counted(tenants.length, "tenant")} (${inTenants(changes)})`
      : `${symbol} ${things} in ${counted(tenants.length, "tenant")} (${inTenants(changes)})`;
  const examples = changes.map((change) => printable(address(change.kind, change.entity._id)));
  const such =
    group._id === undefined && fields.length === 0 ? [`    ${style.dim(listed(examples, mostExamples))}`] : [];
  return [`${head}${notes}`, ...such, ...fieldLines(fields, style, shortValue, sameValues, mostFields)];
};
