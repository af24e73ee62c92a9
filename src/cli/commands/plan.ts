import { printable, renderPlan } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { exitOfPlan } from "../exit-code.ts";
import { filled, single } from "../flag.ts";
import { planEntities } from "../plan-entities.ts";
import { planOptionsOf } from "../plan-options.ts";
import { detail, exitCode, planning, project, prune, reporting, selection } from "../shared-flags.ts";
import { shellText } from "../shell-text.ts";
import { projectWords, withProject } from "../with-project.ts";
import { writeFileWhole } from "../write-file.ts";

export const command = defineCommand({
  description:
    "Compares what the files ask for with what is live and shows what apply would do. Writes nothing to the target. --out keeps the plan in a file that `apply` takes; no secret is in it. Refusals are shown and do not change the exit code here; applying them exits 7. --from takes desired entities of the connector contract in place of the files, an entity a line: what they do not name is left alone, `_deleted` deletes that one, and a live value newer than their `$based_on` is a conflict when the plan is applied.",
  examples: [
    { line: "plan", does: "what apply would do for every tenant" },
    {
      line: "plan --out plan.json -o markdown > comment.md",
      does: "a plan to apply later, and a comment to review it",
    },
    { line: "plan -t 't0*' -t '!t042' --exit-code", does: "some tenants; exits 2 when there are changes" },
    { line: "plan --from desired.jsonl --out plan.json", does: "what entities of the connector contract ask for" },
  ],
  formats: ["text", "json", "yaml", "markdown"],
  ownOut: true,
  flags: {
    ...project,
    ...selection,
    ...prune,
    ...planning,
    from: single(
      "--from <file>",
      "desired entities, JSON lines, in place of the files; - is standard input",
      filled("--from"),
    ),
    ...detail,
    ...exitCode,
    ...reporting,
  },
  run: async (flags, session) => {
    const { from } = flags;
    const plan = await withProject(flags, session, (opened) =>
      from === undefined ? opened.plan(planOptionsOf(flags, session)) : planEntities(opened, from, flags, session),
    );
    if (flags.out !== undefined) {
      const { formatPlan } = await import("../../deploy/index.ts");
      await writeFileWhole(flags.out, formatPlan(plan), 0o600);
      const file = flags.out.startsWith("-") ? `./${flags.out}` : flags.out;
      const command = `connector-deployer apply ${shellText(file)}${projectWords(flags)}`;
      session.output.note(`plan written to ${printable(flags.out)}; do it with: ${printable(command)}`);
    }
    await session.output.print({
      document: plan,
      text: ({ colour }) => renderPlan(plan, { format: "text", colour, detail: flags.detail }),
      markdown: () => renderPlan(plan, { format: "markdown", colour: false, detail: flags.detail }),
    });
    return exitOfPlan(plan, flags.exitCode);
  },
});
