import type { DataStore, Writer } from "../data/types.ts";
import { Problem } from "../problem.ts";
import type { Reading } from "./detect-format.ts";
import { loadCsv } from "./load-csv.ts";
import { loadJson } from "./load-json.ts";
import { databaseReason, type Load, type Loaded } from "./loaded.ts";

export type FileToLoad = {
  readonly dataset: string;
  /** Of a list the members stand on lines of their own. */
  readonly reading: Reading;
  /** Where it stands. */
  readonly path: string;
  /** How its sender calls it. */
  readonly name: string;
  /** Told in the transaction, when all records are in it. */
  taken(writer: Writer, loaded: Loaded): Promise<void>;
};

/**
 * Puts the records of a file into a dataset: all of those that can be taken, or none. Throws `malformed_file`; ends when
 * `signal` aborts.
 */
export const loadFile = async (data: DataStore, file: FileToLoad, signal: AbortSignal): Promise<Loaded> => {
  const { dataset, path, name, reading } = file;
  const load: Load = (fill) =>
    data.write(
      dataset,
      async (writer) => {
        const loaded = await fill(writer);
        await file.taken(writer, loaded);
        return loaded;
      },
      signal,
    );
  try {
    if (reading === "csv") return await loadCsv({ data, load, dataset, path, signal });
    return await loadJson({ load, dataset, path, reading, signal });
  } catch (error) {
    signal.throwIfAborted();
    const said = databaseReason(error);
    // What DuckDB says of the content of a file.
    if (!/^(Invalid Input|Conversion|Out of Range) Error/.test(said)) throw error;
    const reason = said.split("\n", 1)[0]?.replaceAll(path, name === "" ? "the file" : name) ?? "";
    throw new Problem("malformed_file", `the file could not be read: ${reason}`, { cause: error });
  }
};
