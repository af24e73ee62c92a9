import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { Holder } from "./types.ts";

const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** State and start of a process as Linux tells them (proc(5): fields 3 and 22; the command in field 2 may hold blanks). */
const stat = (pid: number | "self"): { readonly state: string; readonly startTicks: number } | undefined => {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields?.[0], Number(fields?.[19])];
  return state === undefined || !Number.isSafeInteger(startTicks) ? undefined : { state, startTicks };
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** This process as the holder of a run's leases. Where the system has no boot id, it is empty. */
export const localHolder = (run: string): Holder => {
  const startTicks = stat("self")?.startTicks;
  const pidNamespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  return {
    host: hostname(),
    bootId: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ?? "",
    pid: process.pid,
    started: new Date(performance.timeOrigin).toISOString(),
    run,
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
};

/**
 * False only where the holder is known to be dead: it ran on this host, and either the host was started anew or its
 * process is gone. A holder on another host, or in another pid namespace, counts as alive until its lease expires.
 */
export const isAlive = (holder: Holder): boolean => {
  const here = localHolder(holder.run);
  if (holder.host !== here.host) return true;
  if (holder.bootId !== here.bootId) return false;
  if (holder.pidNamespace !== undefined && holder.pidNamespace !== here.pidNamespace) return true;
  if (!exists(holder.pid)) return false;
  const now = stat(holder.pid);
  if (now === undefined) return true;
  if (now.state === "Z" || now.state === "X") return false;
  return holder.startTicks === undefined || holder.startTicks === now.startTicks;
};
