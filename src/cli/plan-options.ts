import type { PlanOptions } from "../deploy/index.ts";
import type { FlagValues } from "./flag.ts";
import type { Session } from "./session.ts";
import type { planning, prune, selection } from "./shared-flags.ts";
import { selectionOf } from "./with-project.ts";

type Flags = FlagValues<typeof planning> & Partial<FlagValues<typeof selection> & FlagValues<typeof prune>>;

export const planOptionsOf = (flags: Flags, session: Session): PlanOptions => ({
  ...selectionOf(flags),
  ...(flags.only.length === 0 ? {} : { only: flags.only }),
  prune: flags.prune === true,
  deleteData: flags.deleteData,
  ...(flags.maxDeletes === undefined ? {} : { maxDeletes: flags.maxDeletes }),
  adopt: flags.adopt,
  writeSecrets: flags.writeSecret,
  rewriteUnknown: flags.rewriteUnknown,
  acceptTarget: flags.acceptTarget,
  recreateMissing: flags.recreateMissing,
  signal: session.stops.stop,
});
