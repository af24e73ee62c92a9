import { createPrivateKey, type KeyObject } from "node:crypto";
import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";

/** A key of a service account, as far as it is used. */
export type ServiceAccount = {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly project: string | undefined;
  readonly tokenUri: string;
};

const googleTokens = "https://oauth2.googleapis.com/token";

/** The key in a connection: text as in the file, or that parsed. Throws `source_refused` where it cannot be used. */
export const readServiceAccount = (config: Properties): ServiceAccount => {
  const given = config["service_account_key"];
  const file = typeof given === "string" ? parsed(given) : given;
  if (!isObject(file)) throw unusable("is not the JSON of a key file");
  const text = (name: string): string | undefined => {
    const value = file[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const email = text("client_email");
  const pem = text("private_key");
  if (email === undefined || pem === undefined) throw unusable("lacks client_email or private_key");
  return {
    email,
    key: privateKey(pem),
    keyId: text("private_key_id"),
    project: text("project_id"),
    tokenUri: text("token_uri") ?? googleTokens,
  };
};

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const privateKey = (pem: string): KeyObject => {
  try {
    return createPrivateKey(pem);
  } catch {
    throw unusable("has a private_key that cannot be read");
  }
};

const unusable = (why: string): Problem => new Problem("source_refused", `service_account_key ${why}`);
