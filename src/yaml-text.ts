import { Document, Scalar, visit } from "yaml";

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const anyUnprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Blocks of lines that the `yaml` package does not write so that they read back the same. */
const unsafeBlock = /^[ \t\n].*\n|\n[ \t]+(\n|$)/s;

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  const digits = code > 0xffff ? 8 : 4;
  return `\\${code > 0xffff ? "U" : "u"}${code.toString(16).padStart(digits, "0")}`;
};

/** YAML of a JSON value, safe on a terminal: what a terminal could act on stands escaped in double quotes. */
export const yamlText = (value: unknown): string => {
  // Without this round `undefined` members would become null.
  const document = new Document(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false, version: "1.2" });
  let found = false;
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value !== "string") return;
      const isUnprintable = anyUnprintable.test(node.value.replaceAll("\n", ""));
      found ||= isUnprintable;
      if (isUnprintable || unsafeBlock.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({ lineWidth: 0 });
  return found ? text.replace(unprintable, (character) => (character === "\n" ? character : escaped(character))) : text;
};
