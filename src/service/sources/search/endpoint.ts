import type { Properties } from "../../../contract/index.ts";

const defaultPort = 9200;
const defaultSeconds = 30;

/** `base_url`, or `host` with or without a scheme and a `port`; undefined: that is no http(s) URL. */
export const endpoint = (config: Properties): URL | undefined => {
  const given = String(config["base_url"] ?? config["host"] ?? "");
  const complete = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  const url = URL.parse(complete ? given : `http://${given}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") return undefined;
  const port = config["port"];
  if (typeof port === "number" && url.port === "") url.port = String(port);
  else if (!complete && !/:\d+$/.test(given)) url.port = String(defaultPort);
  return url;
};

/** The address of a path below the endpoint, which may have a path of its own. */
export const below = (base: URL, path: string): URL => {
  const [pathname = "", search = ""] = path.split("?");
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, "")}/${pathname}`;
  url.search = search;
  return url;
};

/** Seconds that one request may take. */
export const timeout = (config: Properties, longest: number): number => {
  const given = config["timeout_secs"];
  return Math.min(typeof given === "number" && given > 0 ? given : defaultSeconds, longest);
};

/** Without a header Node sends the URL's user and password, if it has them. */
export const authorization = (config: Properties, auth: string): { authorization?: string } => {
  const value = (name: string): string => String(config[name] ?? "");
  switch (auth) {
    case "basic_auth":
      return { authorization: `Basic ${Buffer.from(`${value("username")}:${value("password")}`).toString("base64")}` };
    case "api_key":
      return { authorization: `ApiKey ${value("api_key")}` };
    case "bearer_token":
      return { authorization: `Bearer ${value("bearer_token")}` };
    default:
      return {};
  }
};
