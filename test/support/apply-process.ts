// Applies the project folder of the first argument, for tests that end it in the middle; prints the outcomes.
import { openProject } from "../../src/deploy/index.ts";

const [dir = ""] = process.argv.slice(2);
await using project = await openProject(dir);
const plan = await project.plan();
const report = await project.apply(plan);
process.stdout.write(JSON.stringify(report.results.map(({ outcome }) => outcome)));
