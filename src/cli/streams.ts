/** A reader that left (`plan | head`) or a terminal that closed must not end a run that is writing to a target. */
export const ignoreClosedReaders = (stream: NodeJS.WriteStream): void => {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO" && error.code !== "ERR_STREAM_DESTROYED") throw error;
  });
};

/** Resolves when everything was handed on, or nobody takes it. */
export const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });

/** Colours are for terminals whose user did not turn them off. */
export const wantsColour = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv, noColor: boolean): boolean =>
  stream.isTTY === true && !noColor && !env["NO_COLOR"] && env["TERM"] !== "dumb";
