import type { Json, Properties } from "../../contract/index.ts";
import { isObject, textsIn } from "../../contract/index.ts";
import { withoutTexts } from "../../infino/index.ts";
import { placeOf, setOf } from "./arguments.ts";
import { withoutFolder } from "./wording.ts";

/** Texts and numbers in a value. */
const wordsIn = (value: Json): readonly string[] =>
  typeof value === "number"
    ? [String(value)]
    : Array.isArray(value)
      ? value.flatMap(wordsIn)
      : isObject(value)
        ? Object.values(value).flatMap(wordsIn)
        : textsIn(value);

/** Texts that are secret nowhere. */
const plain = ["true", "false", "null", "none"];

/** What `set` holds, any of which the program may have marked as secret. */
export const hiddenWords = (states: readonly Properties[]): readonly string[] => {
  const shown = new Set<Json>([...plain, ...states.flatMap((state) => Object.values(placeOf(state)))]);
  return states.flatMap((state) => wordsIn(setOf(state))).filter((text) => !shown.has(text));
};

/**
 * Words for Pulumi, which prints them as they are and keeps some: without the values of `set`, however they are spelled,
 * and without the folders of this machine.
 */
export const cleaner = (folder: string, states: readonly Properties[]): ((text: string) => string) => {
  const hidden = hiddenWords(states);
  return (text) => withoutFolder(folder, withoutTexts(text, hidden));
};

/** Some of it was done: Pulumi records the state that it carries and updates next time. */
export class PartialFailure extends Error {
  readonly properties: Properties;
  readonly reasons: readonly string[];
  constructor(properties: Properties, reasons: readonly string[]) {
    super(reasons.join("\n"));
    this.properties = properties;
    this.reasons = reasons;
  }
}
