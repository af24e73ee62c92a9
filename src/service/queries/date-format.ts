import { isoTime } from "./metrics.ts";
import { unsupported } from "./unsupported.ts";

type DateFormat = (millis: number) => string;

const digits = (value: number, length: number): string => String(value).padStart(length, "0");

const parts: Readonly<Record<string, (date: Date) => string>> = {
  yyyy: (date) => digits(date.getUTCFullYear(), 4),
  MM: (date) => digits(date.getUTCMonth() + 1, 2),
  dd: (date) => digits(date.getUTCDate(), 2),
  HH: (date) => digits(date.getUTCHours(), 2),
  mm: (date) => digits(date.getUTCMinutes(), 2),
  ss: (date) => digits(date.getUTCSeconds(), 2),
  SSS: (date) => digits(date.getUTCMilliseconds(), 3),
};

/** A date in UTC as a Java pattern of numbers has it, such as `yyyy-MM-dd HH:mm`. Throws `unsupported_query`. */
export const dateFormat = (pattern: string, place: string): DateFormat => {
  if (pattern === "strict_date_optional_time" || pattern === "date_optional_time") return isoTime;
  if (pattern === "epoch_millis") return String;
  const tokens = pattern.match(/'[^']*'|([A-Za-z])\1*|[^A-Za-z']+/g) ?? [];
  for (const token of tokens) {
    if (/^[A-Za-z]/.test(token) && !Object.hasOwn(parts, token)) throw unsupported(place, `cannot have ${token}`);
  }
  return (millis) => {
    const date = new Date(millis);
    return tokens.map((token) => parts[token]?.(date) ?? token.replaceAll("'", "")).join("");
  };
};
