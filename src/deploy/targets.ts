import { createHash } from "node:crypto";
import { DeployerError } from "../errors.ts";
import type { InfinoClient } from "../infino/index.ts";
import { createClient } from "../infino/index.ts";
import type { ProjectFiles, TargetFile } from "../manifest/index.ts";
import type { Target, Traits } from "../resources/index.ts";
import { defaultTraits, infinoKinds } from "../resources/index.ts";
import type { SecretResolver } from "../secrets/index.ts";
import { dataFiles } from "./data-files.ts";
import type { OpenOptions } from "./types.ts";

/** Scheme, host and path in one spelling; user names and passwords never are part of an endpoint. */
const normalEndpoint = (name: string, text: string): string => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new DeployerError("usage", `the endpoint of the target "${name}" is not a URL: ${JSON.stringify(text)}`, {
      hint: "write it with its scheme, such as https://api.infino.ws",
    });
  }
  if (url.username !== "" || url.password !== "" || !["http:", "https:"].includes(url.protocol)) {
    throw new DeployerError(
      "usage",
      `the endpoint of the target "${name}" must be an http or https URL without user and password`,
      {
        hint: "give credentials as access_key and secret_key",
      },
    );
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
};

const shortDigest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

const traitsOf = (file: TargetFile): Traits => ({ ...defaultTraits, ...file.traits });

/** Opens the client of one target. Throws where a credential is missing; sends nothing. */
export const openTarget = async (
  name: string,
  files: ProjectFiles,
  secrets: SecretResolver,
  options: OpenOptions,
): Promise<Target<InfinoClient>> => {
  const file = files.targets[name];
  if (file === undefined) {
    throw new DeployerError("usage", `the project has no target "${name}"`, {
      hint: `targets are: ${Object.keys(files.targets).sort().join(", ")}`,
    });
  }
  const missing = await secrets.missing([file.endpoint, file.access_key, file.secret_key]);
  const first = missing[0];
  if (first !== undefined) {
    const list = missing.map((item) => item.message).join("; ");
    throw new DeployerError(first.code, `the target "${name}" cannot be opened: ${list}`, {
      hint: missing.flatMap((item) => item.hint ?? []).join("; "),
    });
  }
  const endpoint = normalEndpoint(name, await secrets.resolve(file.endpoint));
  const accessKey = await secrets.resolve(file.access_key);
  const api = createClient({
    endpoint,
    accessKey,
    secretKey: await secrets.resolve(file.secret_key),
    requestTimeout: file.request_timeout,
    settle: file.settle,
    openFile: (path) => dataFiles(files).open(path),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  return {
    name,
    endpoint,
    identity: shortDigest(endpoint),
    account: shortDigest(accessKey),
    traits: traitsOf(file),
    catalog: files.catalog,
    api,
    kinds: infinoKinds,
    requestTimeout: file.request_timeout,
    settle: file.settle,
    verify: file.verify,
    requests: () => api.requests(),
  };
};
