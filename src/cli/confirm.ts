import { createInterface } from "node:readline";
import { DeployerError } from "../errors.ts";
import type { Session } from "./session.ts";

/** One line from the person at the terminal; undefined at the end of input. */
const answerTo = (question: string, session: Session): Promise<string | undefined> =>
  new Promise((resolve) => {
    session.io.stderr.write(question);
    // The terminal stays in its own line mode, so that ctrl-c is a signal like everywhere else.
    const lines = createInterface({ input: session.io.stdin, terminal: false });
    const end = (answer: string | undefined): void => {
      // First, because closing ends the input too, which is no answer.
      resolve(answer);
      session.stops.stop.removeEventListener("abort", onStop);
      lines.close();
      session.io.stdin.pause();
    };
    const onStop = (): void => end(undefined);
    session.stops.stop.addEventListener("abort", onStop, { once: true });
    lines.once("line", (line) => end(line.trim()));
    lines.once("close", () => end(undefined));
  });

const declined = (session: Session): DeployerError =>
  new DeployerError(
    "cancelled",
    session.stops.stop.aborted ? "interrupted before anything was written" : "declined: nothing was written",
  );

/** Asks, and throws `cancelled` on any answer but one of `accepted`. */
export const confirm = async (question: string, accepted: readonly string[], session: Session): Promise<void> => {
  const goOn = session.stops.pause();
  const answer = await answerTo(`${question} `, session);
  goOn();
  if (answer === undefined) session.io.stderr.write("\n");
  if (session.stops.stop.aborted || answer === undefined || !accepted.includes(answer)) throw declined(session);
};
