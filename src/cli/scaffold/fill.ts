import type { Blocks } from "./blocks.ts";

const place = /^( *)# __([A-Z_]+)__$/;

/**
 * Fills a template file: a line `# __NAME__` gives way to the block of that name, with the line's indentation; other
 * `__NAME__`s to a word. Throws `RangeError` for a name that is not known.
 */
export const fillTemplate = (text: string, blocks: Blocks, words: Readonly<Record<string, string>>): string =>
  text
    .split("\n")
    .flatMap((line) => {
      const [, indent = "", name] = place.exec(line) ?? [];
      if (name === undefined) return [line];
      const block = blocks[name];
      if (block === undefined) throw new RangeError(`no block is called ${name}`);
      return block.map((inner) => (inner === "" ? "" : indent + inner));
    })
    .join("\n")
    .replace(/__([A-Z_]+)__/g, (_, name: string) => {
      const word = words[name];
      if (word === undefined) throw new RangeError(`no word is called ${name}`);
      return word;
    });
