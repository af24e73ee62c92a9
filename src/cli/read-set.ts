import type { Json } from "../contract/index.ts";
import { nameAndValue, usage } from "./flag.ts";

const refuse = (name: string, text: string, why: string): never => {
  throw usage(`--set ${name}: ${JSON.stringify(text)} ${why}`, `quote it to make it a text: --set '${name}="…"'`);
};

/** `--set k=v`, each value as YAML reads a scalar: `5` is a number, `"5"` and `v5` are texts. Throws `usage`. */
export const readSet = async (texts: readonly string[]): Promise<{ readonly [key: string]: Json }> => {
  if (texts.length === 0) return {};
  const { isScalar, parseDocument } = await import("yaml");
  const scalar = (name: string, text: string): Json => {
    const { contents, errors, comment, commentBefore } = parseDocument(text, { schema: "core" });
    // YAML would silently cut off a comment.
    const isWhole = errors.length === 0 && comment === null && commentBefore === null && !contents?.comment;
    if (isWhole && contents === null) return null;
    if (!isWhole || !isScalar(contents)) return refuse(name, text, "is not a YAML scalar");
    const { value } = contents;
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value !== "number" || !Number.isFinite(value)) return refuse(name, text, "is no value of JSON");
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return refuse(name, text, "has more digits than a number can hold");
    }
    return value;
  };
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = nameAndValue("--set", text);
      return [name, scalar(name, value)];
    }),
  );
};
