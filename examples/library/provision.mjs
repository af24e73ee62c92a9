// Deploys one tenant of a project and prints what became of it. Usage: node provision.mjs PROJECT TENANT
import { DeployerError, openProject } from "connector-deployer";

const [dir, tenant] = process.argv.slice(2);
if (dir === undefined || tenant === undefined) {
  console.error("usage: node provision.mjs PROJECT TENANT");
  process.exit(3);
}

try {
  await using project = await openProject(dir, {
    report: (event) => {
      if (event.code === "change-ended") console.error(`${event.op} ${event.resource}: ${event.outcome}`);
    },
  });
  const report = await project.deployTenant(tenant);
  for (const { _id, kind, id, op, outcome } of report.results)
    console.log(JSON.stringify({ kind, _id, id, op, outcome }));
  const isWell = report.refusals.length === 0 && report.results.every(({ outcome }) => outcome === "done");
  process.exitCode = isWell ? 0 : 1;
} catch (error) {
  if (!(error instanceof DeployerError)) throw error;
  console.error(`${error.code}: ${error.message}${error.hint === undefined ? "" : `\n  ${error.hint}`}`);
  process.exitCode = 1;
}
