import type { Finding } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { count, counted, listed } from "./words.ts";

const mostOfAKind = 10;
const mostIds = 5;

const subject = (finding: Finding): string =>
  printable(finding._id === undefined ? finding.kind : address(finding.kind, finding._id));

const idsOf = (finding: Finding): string => printable(listed(finding.ids, mostIds));

/** What it is, and what to do about it. */
const wording = (finding: Finding): { readonly what: string; readonly cure: string } => {
  switch (finding.finding) {
    case "unreadable":
      return {
        what: `${subject(finding)} could not be read: nothing is done to it, what depends on it waits${finding.reason === undefined ? "" : ` (${printable(finding.reason)})`}`,
        cure: "plan again; if it stays so, look at the health of the target",
      };
    case "ambiguous":
      return {
        what: `${subject(finding)} exists more than once and none is ours: ${idsOf(finding)}`,
        cure: "delete all but one on the target, then take that one over with: connector-deployer adopt",
      };
    case "adoption": {
      const { owner } = finding;
      const owned = owner === undefined ? "" : printable(address(finding.kind, owner._id));
      if (owner !== undefined && owner.tenant === finding.tenant) {
        return {
          what: `${subject(finding)} has the name of ${owned}, which is the tenant's own: ${idsOf(finding)}`,
          cure: `if it was renamed, declare it under moved:, or run: connector-deployer mv ${owned} ${subject(finding)}`,
        };
      }
      if (owner !== undefined) {
        return {
          what: `${subject(finding)} has the name of ${owned}, which belongs to tenant ${printable(owner.tenant)}: ${idsOf(finding)}`,
          cure: "give it another name, or let the other tenant forget it first",
        };
      }
      return {
        what: `${subject(finding)} exists already and is not ours: ${idsOf(finding)}`,
        cure: `take it over with: connector-deployer adopt ${subject(finding)}, or give it another name`,
      };
    }
    case "protected":
      return {
        what: `${subject(finding)} is protected: it is not deleted or replaced${finding.reason === undefined ? "" : ` (${printable(finding.reason)})`}`,
        cure: "declare it again as it was, or take away what protects it",
      };
    case "unmanaged":
      return { what: `${subject(finding)} is not ours: ${idsOf(finding)}`, cure: "" };
    default:
      return finding.finding satisfies never;
  }
};

/** What a plan saw and will not touch; what is simply not ours is a number unless `detail`. */
export const findingLines = (findings: readonly Finding[], style: Style, detail: boolean): string[] => {
  const lines: string[] = [];
  for (const [name, members] of Map.groupBy(findings, (finding) => finding.finding)) {
    if (name === "unmanaged" && !detail) {
      lines.push(style.dim(`  ${counted(members.length, "live object")} that nobody declared: untouched`));
      continue;
    }
    const shown = detail ? members : members.slice(0, mostOfAKind);
    for (const finding of shown) {
      const { what, cure } = wording(finding);
      lines.push(`${style.yellow("?")} ${what}`);
      if (cure !== "") lines.push(`    ${style.cyan("what to do:")} ${cure}`);
    }
    if (shown.length < members.length) {
      lines.push(style.dim(`  and ${count(members.length - shown.length)} more that are ${name}`));
    }
  }
  return lines;
};
