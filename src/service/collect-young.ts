import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { readonly type: "minor" }) => void;

let collect: Collect | undefined;

/**
 * Frees what was received and has been written. Node keeps each piece of a body in memory of its own, which V8 lets pile
 * up to 64 MB, and then looks through all of the heap to free it.
 */
export const collectYoung = (): void => {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as Collect;
    setFlagsFromString("--no-expose-gc");
  }
  collect({ type: "minor" });
};
