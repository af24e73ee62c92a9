import { sign } from "node:crypto";
import { isObject } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { ServiceAccount } from "./service-account.ts";

const scope = "https://www.googleapis.com/auth/bigquery";
const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** `expires`: milliseconds since the epoch. */
export type AccessToken = { readonly token: string; readonly expires: number };

/**
 * Exchanges an assertion, signed with the key, for an access token (RFC 7523), at the key's own `token_uri`: Google's
 * library asks Google whatever the key says. Throws `source_refused` or `source_unreachable`.
 */
export const fetchAccessToken = async (account: ServiceAccount, signal: AbortSignal): Promise<AccessToken> => {
  const host = URL.parse(account.tokenUri)?.host;
  if (host === undefined) throw new Problem("source_refused", "service_account_key has a token_uri that is no URL");
  const body = new URLSearchParams({ grant_type: grant, assertion: assertion(account, Date.now()) });
  const answer = await fetch(account.tokenUri, { method: "POST", body, redirect: "error", signal }).catch(
    (error: unknown) => {
      if (signal.aborted) throw signal.reason;
      const code = (error as { readonly cause?: { readonly code?: unknown } }).cause?.code;
      throw new Problem(
        "source_unreachable",
        `${host}, which gives access tokens, cannot be reached (${code ?? "failed"})`,
      );
    },
  );
  const given: unknown = await answer.json().catch(() => undefined);
  const member = (name: string): string | undefined => {
    const value = isObject(given) ? given[name] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  const token = member("access_token");
  const seconds = isObject(given) && typeof given["expires_in"] === "number" ? given["expires_in"] : 3600;
  if (answer.ok && token !== undefined) return { token, expires: Date.now() + seconds * 1000 };
  if (answer.status >= 500 || answer.ok) {
    throw new Problem("source_unreachable", `${host} answers ${answer.status} and gives no access token`);
  }
  const why = [member("error") ?? String(answer.status), member("error_description") ?? ""].filter(Boolean).join(": ");
  throw new Problem("source_refused", `${host} refuses the service account key: ${why}`);
};

const assertion = ({ email, key, keyId, tokenUri }: ServiceAccount, now: number): string => {
  const issued = Math.floor(now / 1000);
  const header = { alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const claims = { iss: email, scope, aud: tokenUri, iat: issued, exp: issued + 3600 };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
};
