import type { Json, Properties } from "../../contract/index.ts";
import { parseExact } from "../data/exact-json.ts";
import { createPause } from "../data/pause.ts";
import { Problem } from "../problem.ts";

const kinds = ["index", "create", "update", "delete"] as const;

export type BulkKind = (typeof kinds)[number];

/** One action of a bulk request. */
export type BulkAction = {
  readonly kind: BulkKind;
  /** Undefined: the record gets an id of its own. */
  readonly id: string | undefined;
  /** The line behind the action. */
  readonly body: Properties;
  /** Why it cannot be done. */
  readonly problem?: string;
};

/** Actions of one request: the process answers nobody else while it goes through what they did. */
const mostActions = 100_000;
/** Levels that a record may have, and bytes of an id; search servers allow as many. */
const maxDepth = 64;
const maxId = 512;
/** Bytes of a record, as in files: it is to be held several times while it is kept. */
const maxRecord = 16 * 1024 * 1024;

/**
 * The actions of a bulk request: lines of JSON, an action and, but for `delete`, a document behind it. A document that
 * cannot be taken is a problem of its action. Throws `bad_request` with the line where no action can be told, and
 * `payload_too_large`.
 */
export const readBulkActions = async (body: Uint8Array, dataset: string): Promise<readonly BulkAction[]> => {
  const actions: BulkAction[] = [];
  const pause = createPause();
  const lines = linesOf(body);
  for (const { number, text } of lines) {
    if (pause.due()) await pause.take();
    if (actions.length === mostActions) {
      throw new Problem("payload_too_large", `a bulk request may have ${mostActions} actions; send them in several`);
    }
    const head = parsed(text);
    const action = actionOf(head);
    if (action === undefined) throw malformed(number, head);
    const { kind, target } = action;
    const { _index: index, _id: given } = target;
    const id = typeof given === "number" ? String(given) : given;
    let problem: string | undefined;
    let document: Properties = {};
    if (kind !== "delete") {
      const next = lines.next();
      if (next.done === true) {
        throw new Problem("bad_request", `the document that belongs to the action in line ${number} is missing`);
      }
      const value = parsed(next.value.text);
      if (value === undefined) problem = `line ${next.value.number} is not valid JSON`;
      else if (!isObject(value)) problem = `line ${next.value.number} is not a JSON object`;
      else if (isDeeper(value, maxDepth)) problem = `the record is nested deeper than ${maxDepth} levels`;
      else document = value;
    }
    if (index !== undefined && index !== dataset) {
      problem = `the action names the dataset ${JSON.stringify(index)}, and was sent to ${dataset}`;
    }
    const isNamed = typeof id === "string" && id !== "";
    if (!isNamed && id !== undefined && id !== null) problem = "the id must be a text that is not empty";
    if (isNamed && Buffer.byteLength(id) > maxId) problem = `the id is longer than ${maxId} bytes`;
    if (!isNamed && (kind === "update" || kind === "delete")) problem ??= `${kind} needs an _id`;
    actions.push({
      kind,
      id: isNamed ? id.toWellFormed() : undefined,
      body: document,
      ...(problem === undefined ? {} : { problem }),
    });
  }
  return actions;
};

const lineEnd = 0x0a;

const linesOf = function* (body: Uint8Array): Generator<{ readonly number: number; readonly text: string }, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let start = 0, number = 1; start < body.length; number++) {
    const found = body.indexOf(lineEnd, start);
    const end = found < 0 ? body.length : found;
    if (end - start > maxRecord) {
      throw new Problem(
        "payload_too_large",
        `line ${number} has ${end - start} bytes; a record may have ${maxRecord} as JSON`,
      );
    }
    let text: string;
    try {
      text = decoder.decode(body.subarray(start, end)).trim();
    } catch {
      throw new Problem("bad_request", `line ${number} is not UTF-8`);
    }
    if (text !== "") yield { number, text };
    start = end + 1;
  }
};

const parsed = (text: string): Json | undefined => {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
};

const isObject = (value: Json | undefined): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const actionOf = (head: Json | undefined): { readonly kind: BulkKind; readonly target: Properties } | undefined => {
  if (!isObject(head)) return undefined;
  const [name, ...others] = Object.keys(head);
  const kind = kinds.find((known) => known === name);
  const target = kind === undefined ? undefined : head[kind];
  return kind === undefined || others.length > 0 || !isObject(target) ? undefined : { kind, target };
};

const malformed = (number: number, head: Json | undefined): Problem =>
  new Problem(
    "bad_request",
    head === undefined
      ? `line ${number} is not valid JSON`
      : `line ${number} is no action: it must be an object with one of ${kinds.join(", ")}, as in {"index": {"_id": "1"}}`,
  );

const isDeeper = (value: Json, levels: number): boolean => {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isDeeper(item as Json, levels - 1));
};
