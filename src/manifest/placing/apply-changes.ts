import { editFile } from "../editing/edit-file.ts";
import type { FileChange } from "./types.ts";
import type { Change } from "./work.ts";

/** Files with changes made, and changes that cannot be made, with why. */
export type Applied = {
  readonly files: readonly FileChange[];
  readonly failed: ReadonlyMap<Change, string>;
};

const edited = (changes: readonly Change[], file: string, text: string): { text: string } | { problem: string } =>
  editFile(
    file,
    text,
    changes.flatMap(({ edits }) => edits),
  );

/** As many changes of one file as can be made together. */
const applyTo = (file: string, text: string, changes: readonly Change[], failed: Map<Change, string>): string => {
  const whole = edited(changes, file, text);
  if ("text" in whole) return whole.text;
  const good: Change[] = [];
  let after = text;
  const take = (some: readonly Change[]): void => {
    const result = edited([...good, ...some], file, text);
    if ("text" in result) {
      good.push(...some);
      after = result.text;
    } else if (some.length === 1) for (const one of some) failed.set(one, result.problem);
    else {
      const half = some.length >> 1;
      take(some.slice(0, half));
      take(some.slice(half));
    }
  };
  take(changes);
  return after;
};

/** Makes changes, as far as the files can hold them. */
export const applyChanges = (changes: Iterable<Change>): Applied => {
  const byFile = new Map<string, Change[]>();
  for (const change of changes) {
    const { file } = change.source;
    const list = byFile.get(file);
    if (list === undefined) byFile.set(file, [change]);
    else list.push(change);
  }
  const failed = new Map<Change, string>();
  const files: FileChange[] = [];
  for (const [file, list] of byFile) {
    const before = list[0]?.source.text ?? "";
    const after = applyTo(file, before, list, failed);
    if (after !== before) files.push({ file, before, after });
  }
  return { files: files.toSorted((a, b) => (a.file < b.file ? -1 : 1)), failed };
};
