import type { Json, Properties } from "../../contract/index.ts";
import { textsIn } from "../../contract/index.ts";
import { withoutTexts } from "../../infino/index.ts";

/** Arguments of which the program may have marked any part as secret: the marks do not come this far. */
const markable: readonly string[] = ["config", "query"];

/** Texts that are secret nowhere. */
const plain = ["true", "false", "null", "none"];

/** What these arguments say in clear elsewhere, such as the name, is not hidden. */
const hiddenTexts = (states: readonly Properties[]): readonly string[] => {
  const all = states.flatMap((state) => Object.entries(state));
  const shown = new Set<Json>([...plain, ...all.flatMap(([name, value]) => (markable.includes(name) ? [] : [value]))]);
  const texts = all.flatMap(([name, value]) => (markable.includes(name) ? textsIn(value) : []));
  return [...new Set(texts)].filter((text) => !shown.has(text));
};

/** Words without the texts of these arguments' configuration and query, however a target spells them. */
export const withoutHidden = (words: string, states: readonly Properties[]): string =>
  withoutTexts(words, hiddenTexts(states));
