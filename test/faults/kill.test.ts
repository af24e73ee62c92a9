import { expect, it } from "vitest";
import type { Kill, KillStage } from "./kill-stage.ts";
import { command, killStage } from "./kill-stage.ts";

const isKilled = ({ exit, signal }: { exit: number | undefined; signal: string | undefined }): boolean =>
  exit === undefined && signal === "SIGKILL";

/** Everything that is still wrong after the same command ran through: nothing. */
const faultsOf = async (stage: KillStage): Promise<readonly string[]> => {
  const found: string[] = [];
  await using project = await stage.open();
  const plan = await project.plan({ prune: true, deleteData: true, maxDeletes: "50%" });
  for (const { op, kind, entity } of plan.changes)
    if (op !== "noop") found.push(`left to do: ${op} ${kind}/${entity._id}`);
  for (const { finding, kind, ids } of plan.findings) found.push(`${finding} ${kind} ${ids.join(", ")}`);
  for (const { message } of plan.refusals) found.push(message);
  const world = await stage.world();
  const { items } = await project.status({});
  const owned = new Set(items.map(({ kind, id }) => `${kind} ${id}`));
  for (const name of world.keys()) if (!owned.has(name)) found.push(`${name} is nobody's`);
  for (const [name, same] of Map.groupBy(world.values(), ({ kind, key }) => `${kind} ${key}`)) {
    if (same.length > 1) found.push(`${name} is there ${same.length} times`);
  }
  for (const { connection, id } of world.values()) {
    if (connection !== undefined && !world.has(`connection ${connection}`))
      found.push(`${id} refers to ${connection}, which is gone`);
  }
  if (!world.has("dataset acme-t001-crm-let-go")) found.push("the retained dataset is gone");
  return found;
};

it("converges after a SIGKILL at any step of the journal, and after another one in the resume", {
  timeout: 900_000,
}, async () => {
  const started = performance.now();
  const stages = await Promise.all([killStage(), killStage(), killStage()]);
  await using _all = new AsyncDisposableStack();
  for (const stage of stages) _all.use(stage);
  const [first] = stages;
  if (first === undefined) throw new Error("no stage");
  const whole = await first.run();
  expect(whole).toMatchObject({ exit: 0 });
  expect(await faultsOf(first)).toEqual([]);
  const events = await first.steps();
  const steps = events.filter((event) => event !== "request").length;
  expect(steps).toBeGreaterThan(60);

  // Before a step is the same as after the one before it, unless a request went out between them.
  const kills: Kill[] = [];
  let at = 0;
  for (const [index, event] of events.entries()) {
    if (event === "request") continue;
    at++;
    if (events[index - 1] === "request") kills.push({ at, when: "before" });
    kills.push({ at, when: "after" });
  }
  const planned = kills.length;
  const wrong: string[] = [];
  const count = { kills: 0, inResume: 0, done: 0 };
  const lane = async (stage: KillStage): Promise<void> => {
    for (let kill = kills.shift(); kill !== undefined; kill = kills.shift()) {
      const name = `killed ${kill.when} step ${kill.at} of ${steps}`;
      await stage.reset();
      const killed = await stage.run(kill);
      if (isKilled(killed)) count.kills++;
      else count.done++;
      if (kill.at % 5 === 0 && kill.when === "after") {
        // Somewhere in the middle of what is left.
        const resumed = await stage.run({ at: 4 + Math.floor((steps - kill.at) / 2), when: "before" });
        if (isKilled(resumed)) count.inResume++;
      }
      const again = await stage.run();
      if (again.exit !== 0) wrong.push(`${name}: exit ${again.exit}: ${again.output.slice(-600)}`);
      for (const fault of await faultsOf(stage)) wrong.push(`${name}: ${fault}`);
    }
  };
  await Promise.all(stages.map(lane));
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(
    `kills: ${count.kills} by SIGKILL after each of ${steps} journal steps and before those that follow a request of a 30-change sync, ${count.inResume} more while resuming, in ${seconds} s\n`,
  );
  expect(wrong).toEqual([]);
  // The order of steps varies a little with what answers first, their number does not.
  expect(count.kills).toBeGreaterThanOrEqual(planned - 4);
  expect(count.inResume).toBeGreaterThan(5);
});

it("lets one of two applies work; the other says who holds the lease and since when", { timeout: 60_000 }, async () => {
  await using stage = await killStage();
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const { answer } = stage;
  stage.answer = async (request) => {
    if (request.method === "PUT" || request.method === "POST") {
      reached.resolve();
      await held.promise;
    }
    return answer(request);
  };
  const working = stage.run();
  await reached.promise;
  const other = await stage.run(undefined, [...command, "--on-error", "stop"]);
  held.resolve();
  expect(other.exit).toBe(7);
  expect(other.output).toMatch(/another run works on t001: .* on .* \(pid \d+\) since \d{4}-\d\d-\d\dT/);
  expect((await working).exit).not.toBe(7);
});
