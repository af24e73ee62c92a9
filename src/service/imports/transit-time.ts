import type { Json } from "../../contract/index.ts";
import { rawDigits } from "../data/exact-json.ts";

const iso =
  /^(?:~t)?(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/i;
const digits = /^-?\d{10,19}$/;

/**
 * A time as the connector contract writes it: `~t` and ISO 8601 in UTC with `Z`, at most nine digits of a second. From
 * ISO 8601 text (without an offset it is UTC, a date alone its midnight), or numbers since 1970: seconds below 10^11,
 * milliseconds below 10^14, microseconds below 10^17, nanoseconds beyond. Undefined: it is no time.
 */
export const transitTime = (given: Json | undefined): string | undefined => {
  const value = given === undefined ? undefined : (rawDigits(given) ?? given);
  if (typeof value === "number") return Number.isFinite(value) ? fromEpoch(value) : undefined;
  if (typeof value !== "string") return undefined;
  if (digits.test(value)) return fromEpoch(BigInt(value));
  const parts = iso.exec(value);
  if (parts === null) return undefined;
  const [, date = "", minute = "00:00", second = "00", fraction = "", zone = "Z"] = parts;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const time = Date.parse(`${date}T${minute}:${second}${offset(zone)}`);
  // Days beyond the month's end are carried over.
  if (Number.isNaN(time) || Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) {
    return undefined;
  }
  return written(time, fraction);
};

const offset = (zone: string): string => {
  if (/^(?:z|utc)$/i.test(zone)) return "Z";
  const hours = zone.slice(0, 3);
  return `${hours}:${zone.slice(3).replace(":", "") || "00"}`;
};

const fromEpoch = (value: number | bigint): string | undefined => {
  const size = Math.abs(Number(value));
  const unit = size < 1e11 ? 1_000_000_000n : size < 1e14 ? 1_000_000n : size < 1e17 ? 1_000n : 1n;
  const nanoseconds =
    typeof value === "bigint" || Number.isSafeInteger(value)
      ? BigInt(value) * unit
      : BigInt(Math.round(value * Math.min(Number(unit), 1e6))) * (unit > 1_000_000n ? unit / 1_000_000n : 1n);
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = Number((nanoseconds - rest) / 1_000_000_000n);
  return written(seconds * 1_000, String(rest).padStart(9, "0"));
};

const lastYear = Date.parse("9999-12-31T23:59:59Z");
const firstYear = Date.parse("0000-01-01T00:00:00Z");

const written = (time: number, fraction: string): string | undefined => {
  if (!(time >= firstYear && time <= lastYear)) return undefined;
  const kept = fraction.replace(/0+$/, "");
  return `~t${new Date(time).toISOString().slice(0, 19)}${kept === "" ? "" : `.${kept}`}Z`;
};
