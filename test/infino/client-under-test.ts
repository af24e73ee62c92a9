import { expect } from "vitest";
import { DeployerError } from "../../src/errors.ts";
import { type ClientOptions, createClient, type InfinoClient } from "../../src/infino/index.ts";

export const accessKey = "AKTESTACCESSKEY01";
export const secretKey = "planted/secret+key/0123456789abcdef";
export const start = Date.UTC(2026, 0, 15, 10, 30, 0);

export type Rig = {
  readonly client: InfinoClient;
  /** What the client slept, in milliseconds. */
  readonly slept: readonly number[];
  now(): number;
};

/** A client on a clock that only moves while it sleeps, without jitter. */
export const rig = (endpoint: string, options: Partial<ClientOptions> = {}): Rig => {
  let now = start;
  const slept: number[] = [];
  const client = createClient({
    endpoint,
    accessKey,
    secretKey,
    clock: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
    random: () => 0,
    ...options,
  });
  return { client, slept, now: () => now };
};

export const never = new AbortController().signal;

/** The typed error that a call ends with. */
export const failure = async (call: Promise<unknown>): Promise<DeployerError> => {
  const error: unknown = await call.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeployerError);
  return error as DeployerError;
};
