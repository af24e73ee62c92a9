import { readFile } from "node:fs/promises";
import type { Plan, Project } from "../../deploy/index.ts";
import { applyPlan, confirmPlan, isWork, refuseUnasked, showPlan } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import type { FlagValues } from "../flag.ts";
import { longName, usage } from "../flag.ts";
import { planOptionsOf } from "../plan-options.ts";
import { applying, detail, planning, project, prune, reporting, selection, waiting, yes } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

/** What a plan file has decided already; its tenants and waves may be applied in parts. */
const planned = { selector: selection.selector, ...prune, ...planning };

const refuseDecided = (file: string, flags: FlagValues<typeof planned>): void => {
  for (const [key, flag] of Object.entries(planned)) {
    const value: unknown = flags[key as keyof typeof planned];
    if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue;
    throw usage(
      `${longName(flag)} cannot change ${JSON.stringify(file)}, which says already what is done`,
      `plan again with it: connector-deployer plan ${longName(flag)} … --out ${file}`,
    );
  }
};

const readPlan = async (file: string): Promise<Plan> => {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw usage(
      `cannot read the plan ${JSON.stringify(file)} (${error.code ?? error.message})`,
      "make one with: connector-deployer plan --out plan.json",
    );
  });
  const { parsePlan } = await import("../../deploy/index.ts");
  return parsePlan(text);
};

const partOf = async (plan: Plan, opened: Project, flags: FlagValues<typeof selection>): Promise<Plan> => {
  const { partOfPlan } = await import("../../deploy/index.ts");
  const part = { tenants: flags.tenant, ...(flags.wave === undefined ? {} : { wave: flags.wave }) };
  return partOfPlan(plan, part, opened.files.waves);
};

export const command = defineCommand({
  description:
    "Plans, shows the plan, asks, and does it; or does exactly what a plan file says. What moved since the plan is not written: it is a conflict (exit 5) and the rest goes on. Never deletes what is no longer declared unless --prune is given. With --wait, each connection and import job that it made or changed has to be healthy in the end (exit 4), and in each wave before the next one starts.",
  args: [{ name: "plan", description: "a file from plan --out; without it a plan is made now", required: false }],
  examples: [
    { line: "apply", does: "plan, ask, apply" },
    { line: "apply --yes -t t042", does: "one tenant, without a question" },
    {
      line: "apply --yes --wait --timeout 10m",
      does: "succeeds only when connections work and first imports are done",
    },
    { line: "apply plan.json --yes", does: "exactly a plan that was reviewed" },
    { line: "apply plan.json --yes --wave canary", does: "a part of it; the rest can be applied later" },
  ],
  formats: ["text", "json", "yaml", "markdown"],
  endsItself: "writes",
  flags: { ...project, ...selection, ...planned, ...applying, ...waiting, ...yes, ...detail, ...reporting },
  run: async (flags, session, [file]) => {
    refuseUnasked("apply", flags.yes, session);
    if (file !== undefined) refuseDecided(file, flags);
    const given = file === undefined ? undefined : await readPlan(file);
    const environment = flags.environment ?? given?.environment;
    return withProject({ ...flags, environment }, session, async (opened) => {
      const plan =
        given === undefined ? await opened.plan(planOptionsOf(flags, session)) : await partOf(given, opened, flags);
      showPlan(plan, flags.detail, session);
      if (!flags.yes && isWork(plan)) await confirmPlan(plan, session);
      return applyPlan(opened, plan, "apply", flags, session);
    });
  },
});
