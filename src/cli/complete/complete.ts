import type { Io } from "../session.ts";
import { shellText } from "../shell-text.ts";
import type { Candidate } from "./candidates.ts";
import { splitLine } from "./split-line.ts";

/** More than anybody reads. */
const most = 1_000;

const printable = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** bash replaces only what follows the last `=` or `:` of a word, which it takes for ends of words. */
const forBash = (word: string, typed: string): string => {
  const cut = Math.max(typed.lastIndexOf("="), typed.lastIndexOf(":")) + 1;
  return shellText(word.slice(cut));
};

/** One line for each word that may stand at the end of what is typed. */
const lines = async (shell: string, words: readonly string[], io: Io): Promise<readonly string[]> => {
  const { situationOf } = await import("./situation.ts");
  const { candidates } = await import("./candidates.ts");
  const situation = await situationOf(words);
  const { before, typed } = situation;
  const found: readonly Candidate[] = (await candidates(situation, io)).slice(0, most);
  return found
    .filter(({ word, does = "" }) => printable.test(word) && printable.test(does))
    .map(({ word, does }) => {
      const whole = before + word;
      if (shell === "bash") return forBash(whole, before + typed);
      return shell === "fish" && does !== undefined ? `${whole}\t${does}` : whole;
    });
};

/**
 * What shells call while somebody types: `SHELL WORD…`, for bash `bash LINE`. Prints nothing where something is wrong,
 * asks nothing, and sends nothing to any target.
 */
export const complete = async ([shell = "", ...rest]: readonly string[], io: Io): Promise<void> => {
  try {
    const words = shell === "bash" ? splitLine(rest[0] ?? "").slice(1) : rest;
    const found = await lines(shell, words.length === 0 ? [""] : words, io);
    io.stdout.write(found.map((line) => `${line}\n`).join(""));
  } catch {
    // Nobody asked for anything: there is nothing to complete.
  }
};
