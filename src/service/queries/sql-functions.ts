/** Functions that may stand in FROM: they make rows of their arguments alone. */
const tableFunctions = new Set(["unnest", "range", "generate_series", "json_each", "json_tree"]);

export const isTableFunction = (name: string): boolean => tableFunctions.has(name.toLowerCase());

/** Functions that make a text, a list or bits as long as their second argument tells. */
export const isRepeating = (name: string): boolean =>
  /^(repeat|lpad|rpad|list_resize|array_resize|bitstring)$/i.test(name);

/** Functions that make a list of numbers, unless they stand in FROM, where they make rows one by one. */
export const isCounting = (name: string): boolean => /^(range|generate_series)$/i.test(name);

/** Functions that take widths in a text. */
export const isFormatting = (name: string): boolean => /^(format|printf)$/i.test(name);

/** Functions without brackets, unless there is such a column. */
export const isSessionName = (name: string): boolean =>
  /^(current_(catalog|role|schema|user)|session_user|user)$/i.test(name);

/**
 * Why a function is refused. DuckDB's own limits (no files, no network, no configuration) hold beside this; here is what
 * they leave: settings and names of the machine, the catalog, and what acts instead of giving a value.
 */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/^(current_setting|getenv|getvariable|current_query(_id)?|version|user_agent)$/, "tells settings of the service"],
  [
    /^(current_(catalog|database|schemas?|connection_id|transaction_id|role|user)|session_user|user|in_search_path|txid_current|inet_.*|get_block_size)$/,
    "tells how the service works",
  ],
  [
    /^(pg_.*|has_.*_privilege|col_description|obj_description|shobj_description|duckdb_.*|pragma_.*|format_pg_type|map_to_pg_oid)$/,
    "reads the catalog",
  ],
  [/^(sleep_ms|pg_sleep)$/, "only waits"],
  [
    /^(write_log|parse_duckdb_log_message|nextval|currval|setseed|enable_.*|disable_.*|checkpoint|force_checkpoint)$/,
    "changes something",
  ],
  [
    /^(query|query_table|json_execute_serialized_sql|json_serialize_(sql|plan)|json_deserialize_sql|sql_auto_complete|check_peg_parser)$/,
    "takes SQL",
  ],
  [/^(read_.*|glob|sniff_csv|parquet_.*|arrow_scan.*|seq_scan|which_secret|st_.*)$/, "reads files"],
  [
    /^(__internal_.*|stats|finalize|combine|export_aggregate_function|create_sort_key|cast_to_type|make_type|test_.*)$/,
    "is internal",
  ],
];

export const functionRefusal = (name: string): string | undefined => {
  const lower = name.toLowerCase();
  // pg_typeof and pg_size_pretty look at their argument alone.
  if (lower === "pg_typeof" || lower === "pg_size_pretty") return undefined;
  return refusals.find(([pattern]) => pattern.test(lower))?.[1];
};
