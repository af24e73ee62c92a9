import { appendFileSync } from "node:fs";
import { DatabaseSync, StatementSync } from "node:sqlite";

// Preloaded into the command line: counts what it commits to its ledger and dies at one of these steps.
// KILL_STEPS: a file that gets one line for each step, and for each request; KILL_AT: the step; KILL_WHEN: `before` or `after` its commit.
const at = Number(process.env["KILL_AT"] ?? 0);
const when = process.env["KILL_WHEN"] ?? "after";
const file = process.env["KILL_STEPS"];
let steps = 0;

const commit = <T>(what: string, work: () => T): T => {
  const step = ++steps;
  const die = (): void => {
    if (step === at) process.kill(process.pid, "SIGKILL");
  };
  if (when === "before") die();
  const value = work();
  if (file !== undefined) appendFileSync(file, `${what}\n`);
  if (when === "after") die();
  return value;
};

const { fetch } = globalThis;
globalThis.fetch = (...args) => {
  if (file !== undefined) appendFileSync(file, "request\n");
  return fetch(...args);
};

const owners = new WeakMap<StatementSync, DatabaseSync>();
const { exec, prepare } = DatabaseSync.prototype;
const { run } = StatementSync.prototype;

DatabaseSync.prototype.exec = function (sql) {
  return sql === "COMMIT" ? commit(sql, () => exec.call(this, sql)) : exec.call(this, sql);
};
DatabaseSync.prototype.prepare = function (...args) {
  const statement = prepare.apply(this, args);
  owners.set(statement, this);
  return statement;
};
StatementSync.prototype.run = function (this: StatementSync, ...args: Parameters<typeof run>) {
  const work = (): ReturnType<typeof run> => run.apply(this, args);
  return owners.get(this)?.isTransaction === false ? commit("statement", work) : work();
} as typeof run;
