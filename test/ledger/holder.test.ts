import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { isAlive, localHolder } from "../../src/ledger/index.ts";

const here = localHolder("run-1");

it("describes this process, the same every time", () => {
  expect(here).toMatchObject({ pid: process.pid, run: "run-1", started: expect.stringMatching(/^\d{4}-.*Z$/) });
  expect(localHolder("run-1")).toEqual(here);
  expect(isAlive(here)).toBe(true);
});

it("takes a process that ended for dead", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const { startTicks: _, ...rest } = here;
  const holder = { ...rest, pid: child.pid ?? 0 };
  expect(isAlive(holder)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isAlive(holder)).toBe(false);
});

it("takes a holder from before the host's last start for dead", () => {
  expect(isAlive({ ...here, bootId: "an-earlier-one" })).toBe(false);
});

it("cannot tell for another host and another pid namespace, and says alive", () => {
  expect(isAlive({ ...here, host: "elsewhere", bootId: "other", pid: 1 })).toBe(true);
  expect(isAlive({ ...here, pidNamespace: "pid:[1]", pid: 2 ** 22 })).toBe(true);
});

it.runIf(existsSync("/proc/self/stat"))("tells a reused pid apart by when the process started", () => {
  expect(isAlive({ ...here, startTicks: (here.startTicks ?? 0) - 1 })).toBe(false);
});
