import { open } from "node:fs/promises";

/** Bytes that are written at a time; as many gather meanwhile. */
const pieceSize = 1024 * 1024;

/** Writes bytes to a file in large pieces, through two buffers of its own. */
export type FileWriter = {
  /** Takes a copy; what it gives, if anything, is to be waited for before the next call. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Writes what is left, and closes; gives the bytes that the file has. */
  end(): Promise<number>;
  /** Closes, whatever is left. */
  stop(): Promise<void>;
};

/** `path` must not exist. `change` may change the bytes of a piece in place before it is written. */
export const writeFile = async (path: string, change?: (piece: Buffer) => void): Promise<FileWriter> => {
  const file = await open(path, "wx", 0o600);
  let [filling, other] = [Buffer.allocUnsafeSlow(pieceSize), Buffer.allocUnsafeSlow(pieceSize)];
  let filled = 0;
  let size = 0;
  let writing: Promise<void> = Promise.resolve();

  const put = async (before: Promise<void>, piece: Buffer): Promise<void> => {
    await before;
    await file.writeFile(piece);
  };
  const flush = (): Promise<void> => {
    const piece = filling.subarray(0, filled);
    const before = writing;
    change?.(piece);
    writing = put(before, piece);
    writing.catch(() => undefined);
    [filling, other] = [other, filling];
    size += filled;
    filled = 0;
    // The buffer that is filled next is free once what was written before is on its way.
    return before;
  };
  const fill = (bytes: Uint8Array): Uint8Array => {
    const some = bytes.subarray(0, pieceSize - filled);
    filling.set(some, filled);
    filled += some.length;
    return bytes.subarray(some.length);
  };
  const fillAll = async (bytes: Uint8Array): Promise<void> => {
    for (let rest = bytes; rest.length > 0; ) {
      rest = fill(rest);
      if (filled === pieceSize) await flush();
    }
  };

  return {
    write: (bytes) => {
      if (bytes.length > pieceSize - filled - 1) return fillAll(bytes);
      fill(bytes);
      return undefined;
    },
    end: async () => {
      try {
        if (filled > 0) await flush();
        await writing;
      } finally {
        await file.close();
      }
      return size;
    },
    stop: async () => {
      await writing.catch(() => undefined);
      await file.close();
    },
  };
};
