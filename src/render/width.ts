const wide =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const zero = /^[\p{M}\p{Cf}]/u;

/** Terminal cells that one line of printable text takes: East Asian letters and emoji take two, combining marks none. */
export const textWidth = (text: string): number => {
  let cells = 0;
  for (const character of text) {
    if (character < "\u0300") cells += 1;
    else cells += zero.test(character) ? 0 : wide.test(character) ? 2 : 1;
  }
  return cells;
};

/** Cuts a line to at most `cells`; `…` stands for what is left out. */
export const clip = (text: string, cells: number): string => {
  if (textWidth(text) <= cells) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    const width = textWidth(character);
    if (used + width > cells - 1) break;
    kept += character;
    used += width;
  }
  return `${kept}…`;
};

export const padded = (text: string, cells: number): string => text + " ".repeat(Math.max(0, cells - textWidth(text)));
