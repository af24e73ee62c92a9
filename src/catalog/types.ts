import type { Json } from "../contract/index.ts";

/** One configuration key of a connection. */
export type CatalogField = {
  /** The key in `config`. */
  readonly name: string;
  readonly label: string;
  readonly description?: string;
  readonly required: boolean;
  readonly type: "string" | "integer" | "number" | "boolean" | "object" | "array";
  /** How the value is read: `url`, `email`, `json`, `comma-separated`, `multiline`, … */
  readonly subtype?: string;
  readonly placeholder?: string;
  readonly default?: Json;
  /** True: never returned by the API, sealed in plans and ledgers, a literal is refused. */
  readonly secret?: boolean;
  /** Other spellings that the API accepts for this key, such as `host` for `base_url`. */
  readonly aliases?: readonly string[];
  /** Where the value comes from when it is not given: `FIELD.MEMBER` of another field that holds a JSON object. */
  readonly derived_from?: string;
};

/** One way to authenticate. */
export type ConnectionType = {
  readonly type: string;
  readonly label: string;
  readonly description?: string;
  /** `native`, or `third_party:NAME`. */
  readonly integration_type: string;
  readonly fields: readonly CatalogField[];
};

/** A connector type, in the shape of the connector service's own schema files. */
export type ConnectorType = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly disabled: boolean;
  /** Of `query`, `import`, `upload`. */
  readonly supported_modes: readonly string[];
  /** `connection`, or `none` for types without a connection object. */
  readonly auth_strategy: string;
  /** Language of queries: `querydsl` or `sql`; absent where nothing can be queried. */
  readonly query_type?: string;
  readonly connections: readonly ConnectionType[];
  readonly configuration?: readonly CatalogField[];
  readonly advanced_configuration?: readonly CatalogField[];
};

export type Catalog = {
  get(id: string): ConnectorType | undefined;
  /** Sorted by id. */
  list(): readonly ConnectorType[];
};
