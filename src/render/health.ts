import { address } from "../contract/index.ts";
import type { Result } from "../engine/index.ts";
import { printable } from "./escape.ts";
import { genericText } from "./generic.ts";
import type { Style } from "./style.ts";
import { count } from "./words.ts";

const mostAlike = 10;
const mostKinds = 20;

type Shown = { readonly status: string; readonly reason?: string; readonly healthy: boolean };

/** `! connection/acme-t001-crm disconnected: connection refused`. */
export const healthLine = (resource: string, { status, reason, healthy }: Shown, style: Style): string => {
  const sign = healthy ? style.green("=") : style.red("!");
  return `${sign} ${printable(resource)} ${printable(status)}${reason === undefined ? "" : `: ${printable(reason)}`}`;
};

type Waited = Result & { readonly health: NonNullable<Result["health"]> };

const isWaited = (result: Result): result is Waited => result.health !== undefined;

const cure = (unhealthy: readonly Waited[], style: Style): string => {
  const failed = unhealthy.find(({ kind, health }) => kind === "import-job" && health.status === "failed");
  const run = failed === undefined ? "" : `connector-deployer run ${printable(failed._id)} --wait, or `;
  const command = `${run}connector-deployer status --wait`;
  return `  ${style.cyan("what to do:")} mend the cause; apply again where files or secrets changed by that, else: ${command}`;
};

/** What did not become healthy, or has something to say; what says the same stands together. */
export const healthLines = (results: readonly Result[], style: Style, detail: boolean): string[] => {
  const waited = results.filter(isWaited);
  const lines: string[] = [];
  for (const [title, members] of [
    ["waited for", waited.filter(({ health }) => health.healthy && (detail || health.note !== undefined))],
    ["unhealthy: written, and not as it should be", waited.filter(({ health }) => !health.healthy)],
  ] as const) {
    if (members.length === 0) continue;
    lines.push(style.bold(`${count(members.length)} ${title}`));
    const alike = Map.groupBy(members, ({ tenant, _id, health: { status, reason = "", note } }) =>
      JSON.stringify([status, genericText(tenant, reason.replaceAll(_id, "<_id>")), note]),
    );
    const shown = detail ? [...alike.values()] : [...alike.values()].slice(0, mostKinds);
    for (const group of shown) {
      const listed = detail ? group : group.slice(0, mostAlike);
      for (const { kind, _id, health } of listed) lines.push(`  ${healthLine(address(kind, _id), health, style)}`);
      if (listed.length < group.length) lines.push(style.dim(`  and ${count(group.length - listed.length)} more`));
      const note = group[0]?.health.note;
      if (note !== undefined) lines.push(`      ${style.cyan(printable(note))}`);
    }
    const hidden = [...alike.values()].slice(shown.length).reduce((sum, group) => sum + group.length, 0);
    if (hidden > 0) lines.push(style.dim(`  and ${count(hidden)} more with other reasons; --detail shows them`));
    if (members.some(({ health }) => !health.healthy)) lines.push(cure(members, style));
  }
  return lines;
};
