import type { ConnectionOptions } from "snowflake-sdk";
import type { Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { SourceConnection } from "../source-driver.ts";

/** Milliseconds that one request of the driver may go without an answer; long queries are asked for again and again. */
const silence = 90_000;

/** How the driver logs in. Throws `bad_request` where `account` is none. */
export const loginOptions = ({ config, auth }: SourceConnection): ConnectionOptions => {
  const text = (name: string): string | undefined => {
    const value = config[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const user = text("user") ?? text("username");
  const optional = Object.fromEntries(
    ["warehouse", "database", "schema", "role"].flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    ...address(config),
    ...optional,
    ...(user === undefined ? {} : { username: user }),
    ...(auth === "pat"
      ? { authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: text("pat_token") ?? "" }
      : { password: text("password") ?? "" }),
    application: "connector-deployer",
    rowMode: "array",
    // Numbers by their digits; JSON as it stands, since the driver ends the process where it cannot be parsed.
    fetchAsString: ["Number", "JSON"],
    // Else a null among them is the text NULL.
    representNullAsStringNull: false,
    rowStreamHighWaterMark: 1_000,
    sfRetryMaxLoginRetries: 0,
    timeout: silence,
  };
};

/** `account` is an account identifier, its host name, or an http(s) URL. */
const address = (config: Properties): { readonly account: string; readonly accessUrl?: string } => {
  const given = String(config["account"] ?? "").trim();
  const isUrl = /^https?:\/\//i.test(given);
  const isHost = !isUrl && /\.snowflakecomputing\.[a-z]+$/i.test(given);
  if (!isUrl && !isHost) {
    if (/^[a-z][a-z0-9._-]*$/i.test(given)) return { account: given };
    throw new Problem("bad_request", `account ${JSON.stringify(given)} is no account identifier, host name or URL`);
  }
  const url = URL.parse(isUrl ? given : `https://${given}`);
  if (url === null) throw new Problem("bad_request", `account ${JSON.stringify(given)} is no URL`);
  const label = url.hostname.split(".")[0] ?? "";
  return { account: /^[a-z]/i.test(label) ? label : "local", accessUrl: url.origin };
};
