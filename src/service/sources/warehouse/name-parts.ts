import { Problem } from "../../problem.ts";

/**
 * The parts of a name such as `database.schema."Table"`; those in quotes as they stand, without them. Throws
 * `bad_request` where it has none or too many.
 */
export const nameParts = (
  name: string,
  quotes: string,
  most: number,
): readonly { readonly text: string; readonly quoted: boolean }[] => {
  const parts =
    name.match(new RegExp(`[${quotes}](?:[^${quotes}]|[${quotes}]{2})*[${quotes}]|[^.${quotes}]+`, "g")) ?? [];
  if (parts.length === 0 || parts.length > most || parts.join(".") !== name) {
    throw new Problem("bad_request", `${JSON.stringify(name)} is not the name of a table`);
  }
  return parts.map((part) => {
    const quote = quotes.includes(part[0] ?? "") ? (part[0] ?? "") : "";
    return quote === ""
      ? { text: part, quoted: false }
      : { text: part.slice(1, -1).replaceAll(quote + quote, quote), quoted: true };
  });
};
