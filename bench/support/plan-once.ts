// Usage: node bench/support/plan-once.ts DIR [--memory]
// Plans the project once and prints what that took, as one JSON line: a process of its own starts cold and counts alone.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// What users run; stripping the types of the sources would count too.
const built = new URL("../../dist/deploy/index.js", import.meta.url).href;
const { openProject } = (await import(built)) as typeof import("../../src/deploy/index.ts");

const [dir = ".", mode] = process.argv.slice(2);
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
};

const requests: string[] = [];
const usedHeap = (): number => {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
  return process.memoryUsage().heapUsed;
};

/** Everything that is kept when all that is live has been read, which is when most is kept. */
let heap = 0;
const empty = mode === "--memory" ? usedHeap() : 0;
const before = { cpu: processorTime(), start: performance.now() };
await using project = await openProject(dir, {
  fetch: (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    return fetch(request);
  },
  report: ({ code }) => {
    if (mode === "--memory" && code === "observe-ended") heap = usedHeap() - empty;
  },
});
const plan = await project.plan();
console.log(
  JSON.stringify({
    cpu_s: processorTime() - before.cpu,
    wall_s: (performance.now() - before.start) / 1000,
    bytes: heap,
    noop: plan.summary.noop,
    changes: plan.changes.length,
    requests: requests.length,
  }),
);
