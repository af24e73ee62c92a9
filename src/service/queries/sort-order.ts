import { isObject, type Json } from "../../contract/index.ts";
import { idColumn, jsonText, quoted } from "../data/columns.ts";
import { columnInstant, type Field, type Fields, isTemporal, jsonNumber, jsonScalar } from "./fields.ts";
import { checkMembers, invalid, onlyMember, unsupported } from "./unsupported.ts";

export type SortOrder = {
  /** The terms of ORDER BY. */
  readonly terms: readonly string[];
  /** SQL of the JSON text of what was sorted by, in the order of the request. */
  readonly values: readonly string[];
};

/** What `sort` asks for; undefined: nothing. Fields that no record has do not sort. */
export const sortOrder = (sort: Json | undefined, fields: Fields): SortOrder | undefined => {
  if (sort === undefined) return undefined;
  const list = Array.isArray(sort) ? sort : [sort];
  const orders = list.map((one, at) => oneOrder(one, Array.isArray(sort) ? `sort[${at}]` : "sort", fields));
  if (orders.length === 0) return undefined;
  // Ties have an order of their own, so that pages fit together.
  return {
    terms: [...orders.flatMap(({ terms }) => terms), quoted(idColumn)],
    values: orders.flatMap(({ values }) => values),
  };
};

const oneOrder = (given: Json, place: string, fields: Fields): SortOrder => {
  const [name, options] = typeof given === "string" ? [given, {}] : onlyMember(given, place, "the field");
  const at = `${place}.${name}`;
  const settings = isObject(options) ? options : { order: options };
  checkMembers(settings, at, ["order", "missing", "mode", "unmapped_type"]);
  const order = settings["order"] ?? (name === "_score" ? "desc" : "asc");
  if (order !== "asc" && order !== "desc") throw invalid(`${at}.order`, `"asc" or "desc"`);
  const missing = settings["missing"] ?? "_last";
  if (missing !== "_last" && missing !== "_first") throw unsupported(`${at}.missing`, "can be _last or _first alone");
  const mode = settings["mode"] ?? (order === "asc" ? "min" : "max");
  if (mode !== "min" && mode !== "max") throw unsupported(`${at}.mode`, "can be min or max alone");
  if (name === "_score") return { terms: [], values: ["'1'"] };
  const field = fields.find(name);
  if (field === undefined || name === "_doc") return { terms: [], values: ["'null'"] };
  const { keys, value } = sortKeys(field, mode);
  const direction = `${order === "asc" ? "ASC" : "DESC"} NULLS ${missing === "_last" ? "LAST" : "FIRST"}`;
  return { terms: keys.map((key) => `${key} ${direction}`), values: [value] };
};

const sortKeys = (field: Field, mode: "min" | "max"): { readonly keys: readonly string[]; readonly value: string } => {
  if (field.in === "column") {
    const instant = isTemporal(field.type) ? columnInstant(field.value, field.type) : undefined;
    const value = instant === undefined ? jsonText(field.type, field.value) : `CAST(epoch_ms(${instant}) AS VARCHAR)`;
    return { keys: [field.value], value };
  }
  const best = (of: (value: string) => string) =>
    `list_${mode}(list_filter(list_transform(${field.values}, lambda v: ${of("v")}), lambda s: s IS NOT NULL))`;
  const number = best(jsonNumber);
  const text = best((value) => `CASE WHEN ${jsonNumber(value)} IS NULL THEN ${jsonScalar(value)} END`);
  return { keys: [number, text], value: `CAST(coalesce(to_json(${number}), to_json(${text})) AS VARCHAR)` };
};
