/** Memory for answers that is used again; V8 looks through all of its heap for every few dozen megabytes of new one. */
export type PageRoom = {
  /** At least so many bytes, of any content. */
  take(bytes: number): Buffer;
  /** Nobody looks at an answer in this memory any more. Not to call it costs only the memory. */
  give(page: Uint8Array): void;
};

/** One page is read, one waits and one is written. */
const mostPages = 3;
/** Bytes of a page that is worth keeping. */
const largest = 16 * 1024 * 1024;

export const createPageRoom = (): PageRoom => {
  const free: Buffer[] = [];
  return {
    take: (bytes) => {
      const place = free.findIndex(({ length }) => length >= bytes);
      // Pages differ a little in size.
      return place < 0 ? Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.125)) : (free.splice(place, 1)[0] as Buffer);
    },
    give: ({ buffer }) => {
      if (buffer.byteLength > largest || free.some((page) => page.buffer === buffer)) return;
      free.push(Buffer.from(buffer as ArrayBuffer));
      if (free.length > mostPages) free.shift();
    },
  };
};
