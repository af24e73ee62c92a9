import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

const most = 2;
let running = 0;
const waiting: (() => void)[] = [];

/**
 * Name resolution, at most two at a time. A resolver that hangs holds a thread of the pool of four that signatures are
 * verified on as well: without a bound, a few unreachable name servers would stall every answer.
 */
export const boundedLookup: LookupFunction = (hostname, options, callback) => {
  const start = () => {
    running++;
    lookup(hostname, options, (...answer) => {
      running--;
      waiting.shift()?.();
      callback(...answer);
    });
  };
  if (running < most) start();
  else waiting.push(start);
};
