/** The words of a command line up to the cursor, as a POSIX shell splits them; the last one is being typed, and may be empty. */
export const splitLine = (line: string): readonly string[] => {
  const words: string[] = [];
  let word = "";
  let isWord = false;
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
      else if (character === "\\" && quote === '"') word += line[++index] ?? "";
      else word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      isWord = true;
    } else if (character === "\\") {
      word += line[++index] ?? "";
      isWord = true;
    } else if (character === " " || character === "\t") {
      if (isWord) words.push(word);
      word = "";
      isWord = false;
    } else {
      word += character;
      isWord = true;
    }
  }
  return [...words, word];
};
