import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";

const mask = /\*{3,}|[•●∙]{3,}|\[(?:secret|redacted|masked|hidden)\]/i;

/** True where a value, or a part of it, is what targets show in place of something that they keep to themselves. */
export const looksMasked = (value: Json): boolean =>
  typeof value === "string"
    ? mask.test(value)
    : Array.isArray(value)
      ? value.some(looksMasked)
      : isObject(value) && Object.values(value).some(looksMasked);

const userinfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi;
const member = /\b(password|passwd|pwd|secret|token|api_?key|access_?key)(\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&;,"']+)/gi;

/** A target's own words without what may be a credential in them: the user part of URLs, `password=…` and the like. */
export const withoutCredentials = (text: string): string =>
  text.replace(userinfo, "$1[redacted]@").replace(member, "$1$2[redacted]");
