#!/usr/bin/env node
// Nothing is imported before the version is known: older versions of Node could not even parse what follows.
const major = Number(process.versions.node.split(".")[0]);
if (major >= 24) {
  const { run } = await import("./run.ts");
  await run(process.argv.slice(2));
} else {
  const { runWithNewerNode } = await import("./newer-node.ts");
  await runWithNewerNode();
}

export {};
