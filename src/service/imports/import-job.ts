import type { ConnectorType } from "../../catalog/index.ts";
import type { Json } from "../../contract/index.ts";
import type { ImportJobRecord } from "../state.ts";

/** What an import job asks for. */
export type ImportJob = {
  readonly id: string;
  /** Connector type. */
  readonly source: string;
  readonly connection: string;
  readonly target: string;
  readonly query?: string;
  readonly dataset?: string;
  readonly schedule?: string;
  /** Field that tells when a record was changed. */
  readonly lastModified?: string;
  /** Declared fields that identify a record. */
  readonly key?: readonly string[];
  /** True: records are known again, by the declared key or the source's own identity. */
  readonly keyed: boolean;
  /** The dataset that says where entities came from; absent: the target does not take entities. */
  readonly share?: string;
};

export const readImportJob = (record: ImportJobRecord, connectorType: ConnectorType | undefined): ImportJob => {
  const { config } = record;
  const key = declaredKey(config["primary_key"]);
  const target = String(config["target_dataset"]);
  const share = shareOf(target);
  return {
    id: record.id,
    source: record.source_type,
    connection: String(config["source_id"]),
    target,
    ...text("query", config["query"]),
    ...text("dataset", config["source_dataset"]),
    ...text("schedule", config["schedule"]),
    ...text("lastModified", config["last_modified"]),
    ...(key.length === 0 ? {} : { key }),
    // Search servers identify their records themselves.
    keyed: key.length > 0 || connectorType?.query_type === "querydsl",
    ...(share === undefined ? {} : { share }),
  };
};

const text = <Name extends string>(name: Name, value: Json | undefined): { readonly [N in Name]?: string } =>
  (typeof value === "string" && value !== "" ? { [name]: value } : {}) as { readonly [N in Name]?: string };

const declaredKey = (value: Json | undefined): readonly string[] => {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((field) => typeof field === "string") : [];
};

const collected = /^(.+-.+)-collect$/;

/** The share dataset beside a collect dataset, by the names of the connector contract. */
const shareOf = (target: string): string | undefined => {
  const system = collected.exec(target)?.[1];
  return system === undefined ? undefined : `${system}-share`;
};
