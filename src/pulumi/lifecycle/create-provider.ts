import type { dynamic } from "@pulumi/pulumi";
import type { Properties } from "../../contract/index.ts";
import { catalogFiles, catalogOf } from "../catalog-files.ts";
import type { Adapter } from "./adapter.ts";
import { check } from "./check.ts";
import { create } from "./create.ts";
import { diff } from "./diff.ts";
import { toFailure } from "./failure.ts";
import { createOpener } from "./open-target.ts";
import { read } from "./read.ts";
import { remove } from "./remove.ts";
import { processRim, type Rim } from "./rim.ts";
import { fittingOf, type Session } from "./session.ts";
import { update } from "./update.ts";

/** All of a provider's methods. Values are JSON; Pulumi's host takes and gives them without secret marks. */
export type Provider = Required<Omit<dynamic.ResourceProvider<Properties, Properties>, "configure">>;

const own = (state: Properties | undefined): Properties => {
  const { __provider, ...rest } = state ?? {};
  return rest;
};

/** JSON and nothing else: one `undefined` would fail the call after the work is done. */
const clean = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

/** Pulumi's host adds the pointer to what a call returns, but not to what a failure records: nothing could delete it. */
const withPointer = (states: readonly Properties[], error: Error): Error => {
  if (!("properties" in error)) return error;
  const pointer = states.map((state) => state["__provider"]).findLast((text) => text !== undefined);
  return Object.assign(error, { properties: clean({ ...(error.properties as Properties), __provider: pointer }) });
};

/**
 * A dynamic provider of one kind. It does nothing before it is asked: Pulumi may call several methods at once, in any
 * order, and never says that it is done.
 */
export const createProvider = (adapter: Adapter, rim: Rim = processRim()): Provider => {
  const session: Session = {
    adapter,
    dir: rim.dir,
    open: createOpener(rim),
    owned: new Set(),
    asked: new Map(),
    made: new Set(),
    claimed: new Set(),
  };
  const guarded = async <T>(states: readonly Properties[], work: () => T | Promise<T>): Promise<T> => {
    try {
      return clean(await work());
    } catch (error) {
      throw withPointer(states, toFailure(states, error));
    }
  };
  return {
    check: (olds, news) => guarded([news], () => check(adapter, rim.dir, own(olds), own(news))),
    diff: (id, olds, news) =>
      guarded([olds, news], async () => {
        session.owned.add(id);
        const [before, after] = [own(olds), own(news)];
        session.asked.set(id, adapter.kind.key(adapter.properties(after)));
        const fitting = await fittingOf(session, id, before, after);
        return diff(adapter, catalogOf(catalogFiles(news), rim.dir), id, before, after, fitting);
      }),
    create: (inputs) => guarded([inputs], () => create(session, own(inputs))),
    read: (id, props) => guarded([own(props)], () => read(session, id, own(props))),
    update: (id, olds, news) => guarded([olds, news], () => update(session, id, own(olds), own(news))),
    delete: (id, props) => guarded([props], () => remove(session, id, own(props))),
  };
};
