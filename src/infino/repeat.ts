import type { Attempt } from "./attempt.ts";
import type { Operation } from "./operations.ts";
import type { WriteOutcome } from "./types.ts";

const base = 200;
const cap = 10_000;

/** Milliseconds to wait before the repeat after attempt number `attempts` (from 1): full jitter below 200 ms · 2ⁿ, at most 10 s. */
export const backoff = (attempts: number, random: () => number): number =>
  random() * Math.min(cap, base * 2 ** (attempts - 1));

/** Milliseconds of a Retry-After header, in seconds or as an HTTP date; undefined where there is none that makes sense. */
export const retryAfter = (headers: Headers, now: number): number | undefined => {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};

/** Answers of 500 and above that say that nothing was tried. */
const untried = new Set([501, 505]);

/** Whether a write whose attempt failed so may have happened. */
export const outcomeOf = (attempt: Attempt): WriteOutcome => {
  switch (attempt.type) {
    case "answer": {
      const { status } = attempt;
      if (status === 408 || status === 302 || status === 303) return "unknown";
      return (status >= 300 && status < 500) || untried.has(status) ? "refused" : "unknown";
    }
    case "lost":
      return attempt.sent ? "unknown" : "refused";
    case "too-long":
    case "timeout":
    case "cancelled":
      return "unknown";
    default:
      return attempt satisfies never;
  }
};

const transient = new Set([408, 429, 500, 502, 503, 504]);

/** Whether a failed attempt may be repeated: decided by the operation, never by its verb. */
export const mayRepeat = (operation: Operation, attempt: Attempt): boolean => {
  const again =
    attempt.type === "timeout" ||
    (attempt.type === "lost" && !attempt.permanent) ||
    (attempt.type === "answer" && transient.has(attempt.status));
  return again && operation.repeat !== "once" && (operation.repeat !== "never" || outcomeOf(attempt) === "refused");
};
