import { createReadStream } from "node:fs";
import { collectYoung } from "../collect-young.ts";
import { Problem } from "../problem.ts";
import { BrokenFile } from "./cut-values.ts";
import type { Reading } from "./detect-format.ts";
import { headerOf } from "./inspect-csv.ts";
import { type ListLines, listLines } from "./list-lines.ts";
import { longRows } from "./long-rows.ts";
import { writeFile } from "./write-file.ts";

/** Pieces that are written between two collections. */
const collectEvery = 8;

/** How a file is to be read, by the first bytes of it. Throws `malformed_file`. */
export type Detect = (start: Buffer) => Reading;

export type ReceivedFile = {
  /** Undefined: nobody said how to find out. */
  readonly reading: Reading | undefined;
  /** What makes it no file that can be taken: `malformed_file`. */
  readonly wrong: Problem | undefined;
  readonly bytes: number;
};

/** A file that is arriving. */
export type FileTarget = {
  /** How to read what arrives, where that is known before. */
  begin(detect: Detect): void;
  /** What it gives, if anything, is to be waited for before the next call. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  end(): Promise<ReceivedFile>;
  /** Nothing more arrives. */
  stop(): Promise<void>;
};

/**
 * Writes a file to `path`, which must not exist, as it arrives. The members of a JSON list come to stand on lines of
 * their own, which DuckDB reads with all its threads.
 */
export const receiveFile = async (path: string): Promise<FileTarget> => {
  let detect: Detect | undefined;
  let reading: Reading | undefined;
  let lines: ListLines | undefined;
  let rows: ((piece: Buffer) => void) | undefined;
  let wrong: Problem | undefined;

  const look = (piece: Buffer): void => {
    if (detect === undefined || reading !== undefined) return;
    reading = detect(piece);
    if (reading === "csv") rows = longRows(headerOf(piece).delimiter);
    if (reading !== "list") return;
    lines = listLines();
    // The byte order mark.
    if (piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf) piece.fill(" ", 0, 3);
  };
  /** The rest is taken all the same: the client gets to read the answer. */
  const unlessWrong = (work: () => void): void => {
    if (wrong !== undefined) return;
    try {
      work();
    } catch (error) {
      if (error instanceof BrokenFile) wrong = new Problem("malformed_file", `the file is broken: ${error.message}`);
      else if (error instanceof Problem) wrong = error;
      else throw error;
    }
  };
  let pieces = 0;
  const writer = await writeFile(path, (piece) => {
    if (++pieces % collectEvery === 0) collectYoung();
    unlessWrong(() => {
      look(piece);
      lines?.take(piece);
      rows?.(piece);
    });
  });
  return {
    begin: (given) => {
      detect = given;
    },
    write: writer.write,
    end: async () => {
      const bytes = await writer.end();
      unlessWrong(() => {
        look(Buffer.alloc(0));
        lines?.end();
      });
      return { reading, wrong, bytes };
    },
    stop: writer.stop,
  };
};

/** The file as {@link receiveFile} would have written it, in `target`, which must not exist. */
export const rewriteFile = async (path: string, target: string, detect: Detect): Promise<ReceivedFile> => {
  const file = await receiveFile(target);
  file.begin(detect);
  try {
    for await (const piece of createReadStream(path)) await file.write(piece as Buffer);
  } catch (error) {
    await file.stop();
    throw error;
  }
  return file.end();
};
