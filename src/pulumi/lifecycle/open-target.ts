import { canonicalJson } from "../../canonical.ts";
import type { Json, Live, Properties } from "../../contract/index.ts";
import { at, isObject, targetTimes } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { InfinoClient } from "../../infino/index.ts";
import { createClient } from "../../infino/index.ts";
import type { Access, Ids, ResourceKind, Target } from "../../resources/index.ts";
import { defaultTraits, infinoKinds } from "../../resources/index.ts";
import type { SecretSource } from "../../secrets/index.ts";
import { createSecretResolver } from "../../secrets/index.ts";
import { catalogFiles, catalogOf } from "../catalog-files.ts";
import type { Wanted } from "./picture.ts";
import type { Rim } from "./rim.ts";
import { shareNext } from "./share-next.ts";

/** A target that is open, with what its resources share. */
export type Opened = {
  readonly target: Target<InfinoClient>;
  readonly rim: Rim;
  list(kind: ResourceKind<InfinoClient>): Promise<readonly Live[]>;
};

const defaults = {
  endpoint: "INFINO_ENDPOINT",
  accessKey: "INFINO_ACCESS_KEY",
  secretKey: "INFINO_SECRET_KEY",
} as const;

const sourceOf = (target: Json | undefined, name: keyof typeof defaults): SecretSource => {
  const given = isObject(target) ? target[name] : undefined;
  if (isObject(given) && typeof given["env"] === "string") return { env: given["env"] };
  if (isObject(given) && typeof given["file"] === "string") return { file: given["file"] };
  return { env: defaults[name] };
};

/** Pulumi sends no signal to a dynamic provider; deadlines end what hangs. */
const never = new AbortController().signal;

/** Pulumi programs refer to other resources by their live ids. */
const ids: Ids = { live: (_kind, id) => id, declared: (_kind, id) => id };

const open = async (rim: Rim, inputs: Properties): Promise<Opened> => {
  const names = ["endpoint", "accessKey", "secretKey"] as const;
  const secrets = createSecretResolver({
    sources: Object.fromEntries(names.map((name) => [name, sourceOf(inputs["target"], name)])),
    env: rim.env,
    dir: rim.dir,
  });
  const missing = await secrets.missing(names.map((name) => `$SECRET(${name})`));
  const first = missing[0];
  if (first !== undefined) {
    throw new DeployerError(first.code, missing.map(({ message }) => message).join("; "), {
      hint: missing.flatMap(({ hint }) => hint ?? []).join("; "),
    });
  }
  const [endpoint, accessKey, secretKey] = await Promise.all([
    secrets.resolve("$SECRET(endpoint)"),
    secrets.resolve("$SECRET(accessKey)"),
    secrets.resolve("$SECRET(secretKey)"),
  ]);
  const requestTimeout = targetTimes.request;
  const api = createClient({
    endpoint,
    accessKey,
    secretKey,
    requestTimeout,
    clock: rim.clock,
    sleep: rim.sleep,
    ...(rim.fetch === undefined ? {} : { fetch: rim.fetch }),
  });
  const target: Target<InfinoClient> = {
    name: "default",
    endpoint: api.endpoint,
    identity: api.endpoint,
    traits: defaultTraits,
    catalog: catalogOf(catalogFiles(inputs), rim.dir),
    api,
    kinds: infinoKinds,
    requestTimeout,
    settle: targetTimes.settle,
    verify: targetTimes.verify,
    requests: () => api.requests(),
  };
  const lists = new Map<ResourceKind<InfinoClient>, () => Promise<readonly Live[]>>();
  return {
    target,
    rim,
    list: (kind) => {
      const list = lists.get(kind) ?? shareNext(() => kind.list(api, target.catalog, ids, never));
      lists.set(kind, list);
      return list();
    },
  };
};

/** Opens each target once in a process. What failed is tried again by the next call. */
export const createOpener = (rim: Rim): ((inputs: Properties) => Promise<Opened>) => {
  const opened = new Map<string, Promise<Opened>>();
  return (inputs) => {
    const key = canonicalJson([inputs["target"] ?? null, inputs["catalog"] ?? null]);
    const known = opened.get(key);
    if (known !== undefined) return known;
    const made = open(rim, inputs).catch((error: unknown) => {
      opened.delete(key);
      throw error;
    });
    opened.set(key, made);
    return made;
  };
};

/** What the one core of engine and providers needs to work on one resource. */
export const accessTo = (
  { target, rim }: Opened,
  kind: ResourceKind<InfinoClient>,
  wanted: Wanted,
): Access<InfinoClient> => ({
  target,
  kind,
  shape: wanted.shape,
  ids,
  read: async (id) =>
    kind.read === undefined
      ? (await kind.list(target.api, target.catalog, ids, never)).find((live) => live.id === id)
      : kind.read(target.api, target.catalog, id, ids, never),
  reveal: async (path) => String(at(wanted.clear, path)),
  clock: rim.clock,
  sleep: rim.sleep,
  signal: never,
});
