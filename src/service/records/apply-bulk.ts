import { randomBytes } from "node:crypto";
import type { Json, Properties } from "../../contract/index.ts";
import type { BulkItemWire, BulkWire } from "../../infino/index.ts";
import { idColumn, isNumeric, propertyOf } from "../data/columns.ts";
import { rawDigits } from "../data/exact-json.ts";
import { createPause } from "../data/pause.ts";
import { readColumns } from "../data/tables.ts";
import type { Column, DataRow } from "../data/types.ts";
import type { State } from "../state.ts";
import { type BulkAction, readBulkActions } from "./bulk-actions.ts";
import { readRecords } from "./read-records.ts";
import { checkDatasetName, registerDataset } from "./register-dataset.ts";

/** `POST /{dataset}/json`: all that can be done, in one transaction; what cannot stands in the items. */
export const applyBulk = async (
  state: State,
  dataset: string,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<BulkWire> => {
  const started = performance.now();
  checkDatasetName(dataset);
  const actions = await readBulkActions(body, dataset);
  registerDataset(state, dataset);
  const items = await state.data.write(
    dataset,
    async (writer) => {
      const ids = new Set(actions.flatMap(({ id }) => (id === undefined ? [] : [id])));
      const before = await readRecords(writer.connection, dataset, [...ids]);
      const { after, items } = await outcomeOf(actions, before, dataset);
      const removed = [...after].flatMap(([id, properties]) => (properties === undefined ? [id] : []));
      const rows = [...after].flatMap(([_id, properties]): DataRow[] =>
        properties === undefined ? [] : [{ _id, properties }],
      );
      await writer.deleteIds(removed.filter((id) => before.has(id)));
      if (rows.length > 0) {
        const columns = await readColumns(writer.connection, dataset);
        await writer.insertRows(rows, await declaredFor(rows, columns ?? []));
      }
      return items;
    },
    signal,
  );
  return {
    took: Math.round(performance.now() - started),
    errors: items.some((item) => Object.values(item).some(({ error }) => error !== undefined)),
    items,
  };
};

/** The columns as they are, for their types to stay. Digits are only text here: a column that gets some is left out. */
const declaredFor = async (rows: readonly DataRow[], columns: readonly Column[]): Promise<readonly Column[]> => {
  const known = columns
    .filter(({ name }) => name !== idColumn)
    .map(({ name, type }) => ({ name: propertyOf(name), type }));
  const numeric = known.filter(({ type }) => isNumeric(type)).map(({ name }) => name);
  const textual = new Set<string>();
  const pause = createPause();
  for (const { properties } of rows) {
    if (pause.due()) await pause.take();
    for (const name of numeric) if (typeof properties[name] === "string") textual.add(name);
  }
  return known.filter(({ name }) => !textual.has(name));
};

/** What becomes of the records, one action after the other; undefined: gone. */
const outcomeOf = async (
  actions: readonly BulkAction[],
  before: ReadonlyMap<string, Properties>,
  dataset: string,
): Promise<{
  readonly after: ReadonlyMap<string, Properties | undefined>;
  readonly items: readonly BulkItemWire[];
}> => {
  const after = new Map<string, Properties | undefined>();
  const outcome = (action: BulkAction): BulkItemWire => {
    const { kind, problem } = action;
    const id = action.id ?? randomBytes(15).toString("base64url");
    const answer = { _index: dataset, _id: id };
    const failed = (status: number, type: string, reason: string) => ({
      [kind]: { ...answer, status, error: { type, reason } },
    });
    if (problem !== undefined) return failed(400, "invalid_document", problem);
    const present = after.has(id) ? after.get(id) : before.get(id);
    const put = (properties: Properties) => {
      after.set(id, properties);
      return present === undefined
        ? { [kind]: { ...answer, result: "created", status: 201 } }
        : { [kind]: { ...answer, result: "updated", status: 200 } };
    };
    switch (kind) {
      case "index":
        return put(action.body);
      case "create":
        if (present === undefined) return put(action.body);
        return failed(409, "version_conflict", `there is a record with the id ${JSON.stringify(id)} already`);
      case "delete":
        after.set(id, undefined);
        return present === undefined
          ? { delete: { ...answer, result: "not_found", status: 404 } }
          : { delete: { ...answer, result: "deleted", status: 200 } };
      case "update": {
        const { doc, upsert, doc_as_upsert: isUpsert, script } = action.body;
        if (script !== undefined) return failed(400, "unsupported_script", "an update by script is not supported");
        if (doc !== undefined && !isObject(doc)) return failed(400, "invalid_document", "doc must be a JSON object");
        if (upsert !== undefined && !isObject(upsert)) {
          return failed(400, "invalid_document", "upsert must be a JSON object");
        }
        if (present !== undefined && doc !== undefined) return put(merged(present, doc));
        if (present !== undefined) return failed(400, "invalid_document", "an update needs a doc");
        const first = upsert ?? (isUpsert === true ? doc : undefined);
        if (first !== undefined) return put(first);
        return failed(404, "document_missing", `there is no record with the id ${JSON.stringify(id)}`);
      }
      default:
        return kind satisfies never;
    }
  };
  const items: BulkItemWire[] = [];
  const pause = createPause();
  for (const action of actions) {
    if (pause.due()) await pause.take();
    items.push(outcome(action));
  }
  return { after, items };
};

const isObject = (value: Json | undefined): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value) && rawDigits(value) === undefined;

/** Objects are merged, everything else is replaced. */
const merged = (into: Properties, from: Properties): Properties => {
  const result = new Map(Object.entries(into));
  for (const [key, value] of Object.entries(from)) {
    const present = result.get(key);
    result.set(key, isObject(present) && isObject(value) ? merged(present, value) : value);
  }
  return Object.fromEntries(result);
};
