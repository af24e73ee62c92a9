/** Runs at most `limit` tasks at once; the rest wait in order. */
export const limiter = (limit: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      // A waiting task takes over the place, so that the count never dips.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
};
