import { setImmediate } from "node:timers/promises";

/** Milliseconds that a loop runs before others have their turn. */
const turn = 10;
/** Steps between two looks at the clock. */
const stride = 64;

/** For loops over many values: `if (pause.due()) await pause.take()` in each step keeps the process answering. */
export const createPause = (): { due(): boolean; take(): Promise<void> } => {
  let steps = 0;
  let since = performance.now();
  return {
    due: () => {
      steps += 1;
      return steps % stride === 0 && performance.now() - since > turn;
    },
    take: async () => {
      await setImmediate();
      since = performance.now();
    },
  };
};
