/**
 * Variables of a process that a test starts without its own: where programs are, and where Node finds what an earlier
 * process of the run has compiled (see compile-cache.ts).
 */
export const baseEnv = (): Readonly<Record<string, string>> => {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) };
};
