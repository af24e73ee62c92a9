import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Plan, Project } from "../deploy/index.ts";
import type { FlagValues } from "./flag.ts";
import { longName, usage } from "./flag.ts";
import { planOptionsOf } from "./plan-options.ts";
import type { Session } from "./session.ts";
import type { planning } from "./shared-flags.ts";
import { prune, selection } from "./shared-flags.ts";

type Flags = FlagValues<typeof selection> & FlagValues<typeof prune> & FlagValues<typeof planning>;

/** What selects from files; entities say themselves what they are about. */
const ofFiles = { selector: selection.selector, wave: selection.wave, ...prune };

const refuseOthers = (flags: Flags): void => {
  for (const [key, flag] of Object.entries(ofFiles)) {
    const value: unknown = flags[key as keyof typeof ofFiles];
    if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue;
    throw usage(`${longName(flag)} has no use with --from`, "what is planned is what the entities name, and no more");
  }
  if (flags.only.length > 0) throw usage("--only has no use with --from", "give fewer entities");
};

const tenantOf = ({ tenant }: Flags): string | undefined => {
  const [only, more] = tenant;
  if (more === undefined && (only === undefined || /^[A-Za-z0-9_-]+$/.test(only))) return only;
  throw usage("with --from, --tenant names exactly one tenant", 'leave it out where entities say it in "$tenant"');
};

/** A plan for the entities of a file, or of standard input. */
export const planEntities = async (opened: Project, from: string, flags: Flags, session: Session): Promise<Plan> => {
  refuseOthers(flags);
  const tenant = tenantOf(flags);
  const content = await (from === "-" ? text(session.io.stdin) : readFile(from, "utf8")).catch(
    (error: NodeJS.ErrnoException) => {
      throw usage(`cannot read ${JSON.stringify(from)} (${error.code ?? error.message})`, "look at the path");
    },
  );
  const { only: _, prune: __, tenants: ___, ...options } = planOptionsOf(flags, session);
  return opened.planEntities(content, {
    ...options,
    ...(tenant === undefined ? {} : { tenant }),
    file: from === "-" ? "standard input" : from,
  });
};
