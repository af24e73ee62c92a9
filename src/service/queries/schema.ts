import { idColumn, propertyOf } from "../data/columns.ts";
import type { ColumnType } from "../data/types.ts";
import type { Call } from "../operations.ts";
import type { State } from "../state.ts";
import { isNumeric, isTemporal } from "./fields.ts";
import { checkDataset } from "./prepare-sql.ts";

/** What a field of a dataset is; `type` is its SQL type, an addition of ours. */
export type FieldSchemaWire = { readonly source: string; readonly infino_type: string; readonly type: ColumnType };

/** `HEAD|GET /{dataset}/schema`, `GET /{dataset}/_schema`: the fields by name. */
export const getSchema = async (state: State, call: Call): Promise<{ readonly [field: string]: FieldSchemaWire }> => {
  const dataset = call.param("dataset");
  checkDataset(state, dataset);
  const columns = await state.data.columns(dataset);
  return Object.fromEntries(
    columns
      .filter(({ name }) => name !== idColumn)
      .map(({ name, type }) => [propertyOf(name), { source: "Logs", infino_type: infinoType(type), type }]),
  );
};

const infinoType = (type: ColumnType): string => {
  if (isTemporal(type)) return "ISO8601Date";
  if (type === "BIGINT" || type === "HUGEINT") return "Integer";
  if (isNumeric(type)) return "Float";
  if (type === "BOOLEAN") return "Boolean";
  return type === "JSON" ? "Object" : "String";
};
