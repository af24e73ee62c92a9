import { resolve } from "node:path";
import { canonicalJson } from "../../canonical.ts";
import type { Live, Properties } from "../../contract/index.ts";
import { at, targetTimes } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { InfinoClient } from "../../infino/index.ts";
import { createClient } from "../../infino/index.ts";
import type { Access, Ids, ResourceKind, Target } from "../../resources/index.ts";
import { defaultTraits, infinoKinds } from "../../resources/index.ts";
import type { SecretResolver, SecretSources } from "../../secrets/index.ts";
import { createSecretResolver } from "../../secrets/index.ts";
import { catalogFiles, catalogOf } from "../catalog-files.ts";
import { openLocalFile } from "./local-file.ts";
import type { Wanted } from "./picture.ts";
import type { Rim } from "./rim.ts";
import { shareNext } from "./share-next.ts";
import { type ProjectPlace, targetPlace } from "./target-argument.ts";

/** A target that is open, with what its resources share. */
export type Opened = {
  readonly target: Target<InfinoClient>;
  /** Never leaves the process: fingerprints in states are keyed with it. */
  readonly secretKey: string;
  readonly rim: Rim;
  list(kind: ResourceKind<InfinoClient>): Promise<readonly Live[]>;
  /** The project whose target it is, where it is one of a project. */
  readonly project?: ProjectPlace;
};

/** Pulumi sends no signal to a dynamic provider; deadlines end what hangs. */
const never = new AbortController().signal;

/** Pulumi programs refer to other resources by their live ids. */
const ids: Ids = { live: (_kind, id) => id, declared: (_kind, id) => id };

/** How a target is reached. */
type Reach = {
  readonly credentials: { readonly endpoint: string; readonly accessKey: string; readonly secretKey: string };
  readonly name: string;
  readonly traits: Target<InfinoClient>["traits"];
  readonly requestTimeout: number;
  readonly settle: number;
  readonly verify: number;
};

const resolved = async (secrets: SecretResolver, texts: Reach["credentials"]): Promise<Reach["credentials"]> => {
  const missing = await secrets.missing(Object.values(texts));
  const first = missing[0];
  if (first !== undefined) {
    throw new DeployerError(first.code, missing.map(({ message }) => message).join("; "), {
      hint: missing.flatMap(({ hint }) => hint ?? []).join("; "),
    });
  }
  const [endpoint, accessKey, secretKey] = await Promise.all([
    secrets.resolve(texts.endpoint),
    secrets.resolve(texts.accessKey),
    secrets.resolve(texts.secretKey),
  ]);
  return { endpoint, accessKey, secretKey };
};

const reachOfSources = async ({ env, dir }: Rim, sources: SecretSources): Promise<Reach> => ({
  credentials: await resolved(createSecretResolver({ sources, env, dir }), {
    endpoint: "$SECRET(endpoint)",
    accessKey: "$SECRET(accessKey)",
    secretKey: "$SECRET(secretKey)",
  }),
  name: "default",
  traits: defaultTraits,
  requestTimeout: targetTimes.request,
  settle: targetTimes.settle,
  verify: targetTimes.verify,
});

const reachOfProject = async ({ env, dir }: Rim, { project, environment, name }: ProjectPlace): Promise<Reach> => {
  const { readProject } = await import("../../manifest/index.ts");
  const files = await readProject(resolve(dir, project), environment, { env });
  const wrong = files.diagnostics.find(({ severity }) => severity === "error");
  if (wrong !== undefined) {
    const place = wrong.location === undefined ? "" : `${wrong.location.file}:${wrong.location.line}: `;
    throw new DeployerError("invalid-files", `the project ${project}: ${place}${wrong.message}`, { hint: wrong.hint });
  }
  const file = files.targets[name];
  if (file === undefined) {
    throw new DeployerError("usage", `the project ${project} has no target "${name}"`, {
      hint: `targets are: ${Object.keys(files.targets).sort().join(", ")}`,
    });
  }
  const secrets = createSecretResolver({ sources: files.secrets, env, dir: files.dir });
  const texts = { endpoint: file.endpoint, accessKey: file.access_key, secretKey: file.secret_key };
  return {
    credentials: await resolved(secrets, texts),
    name,
    traits: { ...defaultTraits, ...file.traits },
    requestTimeout: file.request_timeout,
    settle: file.settle,
    verify: file.verify,
  };
};

const open = async (rim: Rim, inputs: Properties): Promise<Opened> => {
  const place = targetPlace(inputs);
  const reach = await ("project" in place ? reachOfProject(rim, place) : reachOfSources(rim, place.sources));
  const { credentials, ...rest } = reach;
  const api = createClient({
    ...credentials,
    requestTimeout: reach.requestTimeout,
    settle: reach.settle,
    clock: rim.clock,
    sleep: rim.sleep,
    openFile: (path) => openLocalFile(rim.dir, path),
    ...(rim.fetch === undefined ? {} : { fetch: rim.fetch }),
  });
  const target: Target<InfinoClient> = {
    ...rest,
    endpoint: api.endpoint,
    identity: api.endpoint,
    catalog: catalogOf(catalogFiles(inputs), rim.dir),
    api,
    kinds: infinoKinds,
    requests: () => api.requests(),
  };
  const lists = new Map<ResourceKind<InfinoClient>, () => Promise<readonly Live[]>>();
  return {
    target,
    secretKey: credentials.secretKey,
    rim,
    ...("project" in place ? { project: place } : {}),
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
  { target, rim, list }: Opened,
  kind: ResourceKind<InfinoClient>,
  wanted: Wanted,
): Access<InfinoClient> => ({
  target,
  kind,
  shape: wanted.shape,
  ids,
  read: async (id) =>
    kind.read === undefined
      ? (await list(kind)).find((live) => live.id === id)
      : kind.read(target.api, target.catalog, id, ids, never),
  reveal: async (path) => String(at(wanted.clear, path)),
  clock: rim.clock,
  sleep: rim.sleep,
  signal: never,
});
