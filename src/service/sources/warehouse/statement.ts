/** The query without the semicolons at its end, so that it can stand inside another. */
export const bareQuery = (query: string): string => {
  let end = query.length;
  while (end > 0 && /[;\s]/.test(query.charAt(end - 1))) end--;
  return query.slice(0, end);
};

const before = /^(?:\s|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()+/;

/** The kind of a statement by its first word; `SELECT` for `WITH`. */
export const statementType = (query: string): string => {
  const word = /^[a-z]+/i.exec(query.replace(before, ""))?.[0].toUpperCase() ?? "UNKNOWN";
  return word === "WITH" ? "SELECT" : word;
};
