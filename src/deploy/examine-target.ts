import { randomBytes } from "node:crypto";
import { DeployerError } from "../errors.ts";
import type { ConnectionWire, InfinoClient } from "../infino/index.ts";
import type { Target, Traits } from "../resources/index.ts";
import { traits } from "../resources/index.ts";
import type { Check } from "./care-types.ts";
import type { Context } from "./context.ts";
import type { FoundTraits } from "./found-traits.ts";
import { traitsSeen } from "./found-traits.ts";
import { probePlan } from "./probe-plan.ts";
import { probeTarget } from "./probe-target.ts";
import { openTarget } from "./targets.ts";
import type { Watch } from "./watch-answers.ts";
import { watchAnswers } from "./watch-answers.ts";

type Settings = { readonly [trait: string]: string };

export type Examined = {
  readonly checks: readonly Check[];
  /** All traits to set for the target; undefined where what the files say fits. */
  readonly settings: Settings | undefined;
};

const asError = (error: unknown): DeployerError => {
  if (error instanceof DeployerError) return error;
  throw error;
};

/** A failed call as a check; an interrupt is thrown on. */
const failed = (target: string, error: DeployerError): Check => {
  if (error.code === "cancelled") throw error;
  const isCredentials = ["unauthorized", "forbidden", "missing-secret", "missing-environment-variable"].includes(
    error.code,
  );
  return {
    check: isCredentials ? "credentials" : "reachable",
    target,
    status: "bad",
    message: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
};

const seconds = (ms: number): string => `${(Math.abs(ms) / 1000).toFixed(1)} s`;

/** Signatures hold for five minutes on either side. */
const mostSkew = 300_000;
const muchSkew = 60_000;

const clockCheck = (target: string, skew: number | undefined): Check => {
  const check = { check: "clock", target } as const;
  if (skew === undefined) return { ...check, status: "ok", message: "its answers do not say what time it is there" };
  // The header has whole seconds.
  if (Math.abs(skew) < 2_000) return { ...check, status: "ok", message: "this machine's clock agrees with it" };
  const message = `this machine's clock is ${seconds(skew)} ${skew > 0 ? "behind" : "ahead"}; requests are refused beyond 5 minutes`;
  if (Math.abs(skew) < muchSkew) return { ...check, status: "ok", message };
  return {
    ...check,
    status: Math.abs(skew) < mostSkew ? "warn" : "bad",
    message,
    hint: "set the clock, such as by turning time synchronisation (NTP) on",
  };
};

const slow = 2_000;

const latencyCheck = (target: string, times: readonly number[]): Check => {
  const [median = 0] = [...times].sort((a, b) => a - b).slice(Math.floor(times.length / 2));
  const message = `answers begin after ${Math.round(median)} ms (median of ${times.length})`;
  return median < slow
    ? { check: "latency", target, status: "ok", message }
    : { check: "latency", target, status: "warn", message, hint: "raise request_timeout, or run nearer to the target" };
};

const meanings: { readonly [Trait in keyof Traits]: Readonly<Record<Traits[Trait], string>> } = {
  patch: { merge: "a PATCH merges", replace: "a PATCH replaces the whole configuration" },
  unset: { null: "null unsets a field", none: "a field cannot be unset" },
  names: { free: "two connections may have one name", unique: "names of connections are unique" },
  secrets: { omitted: "secrets are left out of reads", masked: "secrets are masked in reads" },
  lists: { full: "lists carry the configuration", bare: "lists leave the configuration out" },
  updated_at: {
    config: "updated_at moves with writes",
    any: "updated_at moves without writes too",
    none: "there is no updated_at that moves with writes",
  },
};

const isIrrelevant = (trait: keyof Traits, found: FoundTraits): boolean =>
  trait === "unset" && found.patch?.[0] === "replace";

const traitCheck = (target: Target<InfinoClient>, trait: keyof Traits, found: FoundTraits, probed: boolean): Check => {
  const check = { check: "trait", target: target.name, trait } as const;
  const declared = target.traits[trait];
  const values: readonly string[] | undefined = found[trait];
  const words: Readonly<Record<string, string>> = meanings[trait];
  const says = `the files say ${declared}`;
  if (isIrrelevant(trait, found))
    return { ...check, status: "ok", message: "what is not sent is unset, since a PATCH replaces" };
  if (values === undefined) {
    if (probed) return { ...check, status: "warn", message: `could not be found out; ${says}` };
    return { ...check, status: "ok", message: `reading does not tell; ${says}`, hint: "doctor --probe finds it out" };
  }
  const [first = ""] = values;
  const isSettled = values.length === 1;
  if (values.includes(declared)) {
    return isSettled
      ? { ...check, status: "ok", message: `${first}: ${words[first]}, as the files say` }
      : {
          ...check,
          status: "ok",
          message: `${values.join(" or ")}; ${says}`,
          hint: "doctor --probe finds out which",
        };
  }
  return {
    ...check,
    status: "bad",
    message: `${values.join(" or ")}: ${words[first]}; ${says}`,
    hint: `set targets: { ${target.name}: { traits: { ${trait}: ${first} } } }`,
  };
};

const traitNames = Object.keys(traits) as readonly (keyof Traits)[];

const settingsOf = (target: Target<InfinoClient>, declared: Settings, found: FoundTraits): Settings | undefined => {
  const wrong = traitNames.filter(
    (trait) =>
      !isIrrelevant(trait, found) &&
      found[trait] !== undefined &&
      !(found[trait] as readonly string[]).includes(target.traits[trait]),
  );
  if (wrong.length === 0) return undefined;
  return { ...declared, ...Object.fromEntries(wrong.map((trait) => [trait, found[trait]?.[0] ?? ""])) };
};

type Looked = { readonly offered: readonly string[]; readonly found: FoundTraits };

/** Three requests at most, all of them reads. */
const look = async (target: Target<InfinoClient>, signal: AbortSignal): Promise<Looked> => {
  const offered = (await target.api.listSources(signal)).map((source) => source.id);
  const listed = await target.api.listConnections(signal);
  const [first] = listed;
  const read: ConnectionWire | undefined = first && (await target.api.getConnection(first.id, signal));
  return { offered, found: traitsSeen(listed, read, target.catalog) };
};

const leftHint = (left: readonly string[]): string => `delete what is left: ${left.join(", ")}`;

const probe = async (
  context: Context,
  target: Target<InfinoClient>,
  offered: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly check: Check; readonly found: FoundTraits }> => {
  const check = { check: "probe", target: target.name } as const;
  const plan = probePlan(target.catalog, offered, randomBytes(16).toString("hex"));
  if (plan === undefined) {
    const message =
      "no connector type that it offers can be probed with: a required secret and an optional field are needed";
    return { check: { ...check, status: "warn", message }, found: {} };
  }
  const name = `connector-deployer-probe-${randomBytes(6).toString("hex")}`;
  const { found, left, error } = await probeTarget(target, plan, name, () => context.clock(), signal);
  if (error?.code === "cancelled") {
    throw new DeployerError(
      "cancelled",
      left.length === 0
        ? "interrupted; the probe was cleaned up"
        : `interrupted; of the probe ${left.join(", ")} is left on target ${target.name}`,
      {
        ...(left.length === 0 ? {} : { hint: leftHint(left) }),
      },
    );
  }
  const what =
    error === undefined
      ? `made and deleted ${plan.source} connections named ${name}`
      : `it ended early: ${error.message}`;
  if (left.length > 0) {
    const message = `${what}; not all of what it made could be deleted`;
    return { check: { ...check, status: "bad", message, hint: leftHint(left) }, found };
  }
  return {
    check: {
      ...check,
      status: error === undefined ? "ok" : "bad",
      message: what,
      ...(error === undefined ? {} : { code: error.code }),
      ...(error?.hint === undefined ? {} : { hint: error.hint }),
    },
    found,
  };
};

/** Opens a target with a client of its own and looks at it; what fails is a check. Throws `cancelled` alone. */
export const examineTarget = async (
  context: Context,
  name: string,
  withProbe: boolean,
  signal: AbortSignal,
): Promise<Examined> => {
  const { files, options } = context;
  const watch: Watch = watchAnswers(
    options.fetch ?? ((request) => fetch(request)),
    () => performance.now(),
    () => context.clock(),
  );
  const beside = (): Check[] =>
    watch.times().length === 0 ? [] : [clockCheck(name, watch.skew()), latencyCheck(name, watch.times())];
  let target: Target<InfinoClient>;
  let looked: Looked;
  try {
    target = await openTarget(name, files, context.secrets(undefined), { ...options, fetch: watch.fetch });
    looked = await look(target, signal);
  } catch (error) {
    return { checks: [failed(name, asError(error)), ...beside()], settings: undefined };
  }
  const reached = [
    { check: "reachable", target: name, status: "ok", message: `${target.endpoint} answers` },
    { check: "credentials", target: name, status: "ok", message: "it takes the credentials" },
    ...beside(),
  ] as const;
  const probed = withProbe ? await probe(context, target, looked.offered, signal) : undefined;
  const found: FoundTraits = { ...looked.found, ...probed?.found };
  return {
    checks: [
      ...reached,
      ...traitNames.map((trait) => traitCheck(target, trait, found, withProbe)),
      ...(probed === undefined ? [] : [probed.check]),
    ],
    settings: settingsOf(target, files.targets[name]?.traits ?? {}, found),
  };
};
