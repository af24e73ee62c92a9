// Applies the project folder of the first argument, for tests that end it in the middle; the plan may stand in the second.
import { readFile } from "node:fs/promises";
import { openProject, parsePlan } from "../../src/deploy/index.ts";

const [dir = "", plan] = process.argv.slice(2);
await using project = await openProject(dir);
await project.apply(plan === undefined ? await project.plan() : parsePlan(await readFile(plan, "utf8")));
