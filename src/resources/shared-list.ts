/**
 * One listing for everybody who asks while none has started: a caller never gets a listing that began before it asked.
 * `list` is called at most once at a time.
 */
export const sharedList = <T>(list: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<unknown> | undefined;
  let waiting: Promise<T> | undefined;
  const start = async (): Promise<T> => {
    await running?.catch(() => undefined);
    // One turn, so that a batch that asks together shares one request.
    await Promise.resolve();
    waiting = undefined;
    const current = list();
    running = current;
    return current;
  };
  return () => (waiting ??= start());
};
