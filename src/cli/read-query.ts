import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { usage } from "./flag.ts";
import type { Session } from "./session.ts";

/** The text of a query: as it was given, or from a file or standard input. Throws `usage` where there is not exactly one. */
export const readQuery = async (
  given: string | undefined,
  file: string | undefined,
  session: Session,
): Promise<string> => {
  if (given !== undefined && file !== undefined) {
    throw usage("the query is given twice, on the command line and by --file", "leave one of them out");
  }
  if (given === undefined && file === undefined) {
    throw usage("the query is missing", "write it last, in quotes, or name its file: --file query.sql, --file -");
  }
  const content =
    given ??
    (await (file === "-" ? text(session.io.stdin) : readFile(file ?? "", "utf8")).catch(
      (error: NodeJS.ErrnoException) => {
        throw usage(`cannot read ${JSON.stringify(file)} (${error.code ?? error.message})`, "look at the path");
      },
    ));
  if (content.trim() === "") throw usage("the query is empty", "a shell variable or a file may be empty");
  return content;
};
