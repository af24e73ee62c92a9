/** What the answers of a target tell beside their content. */
export type Watch = {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Milliseconds that the target's clock is ahead of ours, to half a second; undefined where no answer said its time. */
  skew(): number | undefined;
  /** Milliseconds until each answer began. */
  times(): readonly number[];
};

/** A fetch that remembers how long answers took (by `stopwatch`) and what time it is on the other side. */
export const watchAnswers = (
  fetch: (request: Request) => Promise<Response>,
  stopwatch: () => number,
  clock: () => number,
): Watch => {
  let skew: number | undefined;
  const times: number[] = [];
  return {
    fetch: async (request) => {
      const sent = stopwatch();
      const answer = await fetch(request);
      const took = stopwatch() - sent;
      times.push(took);
      const date = Date.parse(answer.headers.get("date") ?? "");
      // The header leaves out what is below a second: half of one is the best guess.
      if (!Number.isNaN(date)) skew = date + 500 - (clock() - took / 2);
      return answer;
    },
    skew: () => skew,
    times: () => times,
  };
};
