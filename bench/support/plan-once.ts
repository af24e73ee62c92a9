// Usage: node bench/support/plan-once.ts DIR
// Plans the project once and prints what that took, as one JSON line: a process of its own starts cold and counts alone.
import { openProject } from "../../src/deploy/index.ts";

const [dir = "."] = process.argv.slice(2);
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
};

const requests: string[] = [];
const before = { cpu: processorTime(), start: performance.now(), rss: process.memoryUsage.rss() };
await using project = await openProject(dir, {
  fetch: (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    return fetch(request);
  },
});
const plan = await project.plan();
console.log(
  JSON.stringify({
    cpu_s: processorTime() - before.cpu,
    wall_s: (performance.now() - before.start) / 1000,
    bytes: process.resourceUsage().maxRSS * 1024 - before.rss,
    noop: plan.summary.noop,
    changes: plan.changes.length,
    requests: requests.length,
  }),
);
