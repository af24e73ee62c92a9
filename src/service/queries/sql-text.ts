/** An SQL string literal. DuckDB's parser ends at a zero character, so that one is written as a function. */
export const textLiteral = (text: string): string => {
  const parts = text.toWellFormed().split("\0");
  const literals = parts.map((part) => `'${part.replaceAll("'", "''")}'`);
  return literals.length === 1 ? (literals[0] ?? "''") : `(${literals.join(" || chr(0) || ")})`;
};

/** A subquery with these values as rows, for IN: DuckDB neither plans nor compares them one by one. */
export const rowsWith = (texts: readonly string[], type: string): string => {
  const json = textLiteral(JSON.stringify(texts.map((text) => text.toWellFormed())));
  const values = `unnest(CAST(CAST(${json} AS JSON) AS VARCHAR[]))`;
  return `(SELECT ${type === "VARCHAR" ? values : `CAST(${values} AS ${type})`})`;
};

type NumberText = { readonly text: string; readonly type: "BIGINT" | "HUGEINT" | "DOUBLE" };

/** The text and the SQL type of a JSON number, or of text that is one; undefined: it is none. */
export const numberText = (value: unknown): NumberText | undefined => {
  const text = typeof value === "number" || typeof value === "string" ? String(value).trim() : "";
  if (/^-?\d{1,18}$/.test(text)) return { text, type: "BIGINT" };
  if (/^-?\d{19,37}$/.test(text)) return { text, type: "HUGEINT" };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) || !Number.isFinite(Number(text))) return undefined;
  return { text: String(Number(text)), type: "DOUBLE" };
};

/** An SQL number for a JSON number, or for text that is one; undefined: it is none. */
export const numberLiteral = (value: unknown): string | undefined => {
  const number = numberText(value);
  return number === undefined || number.type === "BIGINT" ? number?.text : `CAST('${number.text}' AS ${number.type})`;
};

/** Conditions joined as a balanced tree, as DuckDB limits the depth of expressions. */
const joinedBy = (operator: "AND" | "OR", conditions: readonly string[], none: string): string => {
  if (conditions.length === 0) return none;
  if (conditions.length === 1) return conditions[0] ?? none;
  const middle = conditions.length >> 1;
  const left = joinedBy(operator, conditions.slice(0, middle), none);
  return `(${left} ${operator} ${joinedBy(operator, conditions.slice(middle), none)})`;
};

export const allOf = (conditions: readonly string[]): string => joinedBy("AND", conditions, "TRUE");

export const anyOf = (conditions: readonly string[]): string => joinedBy("OR", conditions, "FALSE");
