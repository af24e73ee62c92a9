/** Milliseconds that what was made or changed may take to become healthy, unless told otherwise. */
export const waitTimeout = 60_000;
