import type { ProjectContent } from "../schemas/project.ts";
import type { Folder } from "./folder.ts";
import type { Locate } from "./validate.ts";

const kindOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf("/")));

/** A rename is from one `kind/_id` to another of the same kind, and leads from each to one place only. */
export const checkMoved = ({ collect }: Folder, { moved }: ProjectContent, locate: Locate): void => {
  const seen = new Set<string>();
  for (const [index, { from, to }] of moved.entries()) {
    const report = (path: string, message: string, hint: string): void =>
      collect.error("invalid-value", locate(`/moved/${index}/${path}`), message, hint);
    const example = "write kind/_id, such as { from: connection/acme-t042-old, to: connection/acme-t042-crm }";
    if (kindOf(from) === "") report("from", `"${from}" names no kind`, example);
    else if (kindOf(to) !== kindOf(from))
      report("to", `"${from}" cannot become "${to}", which is another kind`, example);
    else if (from === to) report("to", `"${from}" is moved to itself`, "name what it is called now");
    else if (seen.has(from))
      report("from", `"${from}" is moved twice`, "keep the rule that says what it is called now");
    else if (isCircle(from, moved)) {
      report("to", `"${from}" is moved to "${to}", and from there back again`, "keep the rules that lead to its name");
    }
    seen.add(from);
  }
};

/** True where the renames lead from a name back to it; of two of one name the first counts. */
const isCircle = (start: string, moved: ProjectContent["moved"]): boolean => {
  const next = new Map(moved.toReversed().map(({ from, to }) => [from, to]));
  const passed = new Set<string>();
  let name = next.get(start);
  while (name !== undefined && name !== start && !passed.has(name)) {
    passed.add(name);
    name = next.get(name);
  }
  return name === start;
};
