import type { dynamic } from "@pulumi/pulumi";
import type { Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { printedOnce } from "../lifecycle/failure.ts";
import { processRim, type Rim } from "../lifecycle/rim.ts";
import { idOf, placeOf } from "./arguments.ts";
import { check } from "./check.ts";
import { deploy } from "./deploy.ts";
import { diff } from "./diff.ts";
import { PartialFailure } from "./failure.ts";
import { openProjects } from "./open-projects.ts";
import { quietState, quietTexts } from "./quiet.ts";
import { read } from "./read.ts";
import { remove } from "./remove.ts";
import type { Session } from "./session.ts";
import { processSignals, type SignalSource, stopping } from "./stop-signal.ts";
import { errorText } from "./wording.ts";

export type TenantProvider = Required<Omit<dynamic.ResourceProvider<Properties, Properties>, "configure">>;

type Options = {
  /** Milliseconds that a folder stays open after its last use: `check` is called for one resource after the other. */
  readonly idle?: number;
  readonly signals?: SignalSource;
};

const defaultIdle = 200;

const own = (state: Properties | undefined): Properties => {
  const { __provider, ...rest } = state ?? {};
  return rest;
};

/** JSON and nothing else: one `undefined` would fail the call after the work is done. */
const clean = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

/**
 * An error for Pulumi, which prints its message as it is and keeps some; with an id and what was done, where some was.
 */
const toFailure = async (
  session: Session,
  id: string,
  states: readonly Properties[],
  error: unknown,
): Promise<DeployerError> => {
  const code = error instanceof DeployerError ? error.code : "internal";
  if (!(error instanceof PartialFailure)) {
    const [message = ""] = await quietTexts(session, states, [errorText(error)]);
    return printedOnce(new DeployerError(code, message));
  }
  const reasons = await quietTexts(session, states, error.reasons);
  const failure = new DeployerError("target-problem", `some of it was not done:\n${reasons.join("\n")}`);
  const properties = await quietState(session, states, error.properties);
  return Object.assign(printedOnce(failure), {
    id,
    // Pulumi's host adds the pointer to what a call returns, but not to what a failure records.
    properties: clean({ ...properties, __provider: states.at(-1)?.["__provider"] }),
    reasons,
  });
};

/**
 * The dynamic provider of whole tenants. It does nothing before it is asked, loads the library then, and keeps a project
 * folder open only while it is in use.
 */
export const createTenantProvider = (rim: Rim = processRim(), options: Options = {}): TenantProvider => {
  const session: Session = {
    rim,
    withProject: openProjects(rim, options.idle ?? defaultIdle),
    stopping: stopping(options.signals ?? processSignals),
    known: new Set(),
    made: new Set(),
  };
  const guarded = async <T>(id: string, states: readonly Properties[], work: () => T | Promise<T>): Promise<T> => {
    try {
      return clean(await work());
    } catch (error) {
      throw await toFailure(session, id, states, error);
    }
  };
  const refuseTwice = (id: string, tenant: string): void => {
    if (!session.known.has(id) && !session.made.has(id)) return;
    throw new DeployerError("blocked", `another resource of this program deploys tenant ${tenant}: ${id}`, {
      hint: "declare each tenant once",
    });
  };
  return {
    check: (_olds, news) => guarded("", [news], () => check(session, own(news))),
    diff: (id, olds, news) =>
      guarded(id, [olds, news], () => {
        session.known.add(id);
        return diff(own(olds), own(news));
      }),
    create: (inputs) => {
      const place = placeOf(inputs);
      const id = idOf(place);
      return guarded(id, [inputs], async () => {
        refuseTwice(id, place.tenant);
        session.made.add(id);
        try {
          return { id, outs: await quietState(session, [inputs], await deploy(session, own(inputs), {})) };
        } catch (error) {
          if (!(error instanceof PartialFailure)) session.made.delete(id);
          throw error;
        }
      });
    },
    read: (id, props) =>
      guarded(id, [own(props)], async () => {
        const seen = await read(session, id, own(props));
        return { ...seen, props: await quietState(session, [own(props)], seen.props) };
      }),
    update: (id, olds, news) =>
      guarded(id, [olds, news], async () => {
        session.known.add(id);
        return { outs: await quietState(session, [olds, news], await deploy(session, own(news), own(olds))) };
      }),
    delete: (id, props) => guarded(id, [props], () => remove(session, id, own(props))),
  };
};
