/** What a date stands for: a moment, or a span (`2024-01`, `now/d`) that ends before `end`. Microseconds, as text. */
export type Span = { readonly start: bigint; readonly end?: bigint };

export type DateOptions = {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Numbers count seconds instead of milliseconds. */
  readonly isSeconds?: boolean;
  /** Minutes that a date without an offset is ahead of UTC. */
  readonly offset?: number;
};

const isoPattern =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

type Unit = "y" | "M" | "w" | "d" | "h" | "m" | "s";

/** A date or a moment in Elasticsearch's notations: ISO 8601, whole or in part, epoch numbers, `now-1d/d`, `DATE||+1M`. */
export const parseDate = (value: string | number, options: DateOptions): Span | undefined => {
  const text = String(value).trim();
  const bar = text.indexOf("||");
  if (bar >= 0) {
    const anchor = parseMoment(text.slice(0, bar), options);
    return anchor === undefined ? undefined : calculated({ start: anchor.start }, text.slice(bar + 2));
  }
  if (text.startsWith("now")) return calculated({ start: BigInt(options.now) * 1000n }, text.slice(3));
  return parseMoment(text, options);
};

/** Whether text can only be meant as a date. */
export const isDateText = (value: unknown): boolean =>
  typeof value === "string" && (/^now([+\-/]|$)/.test(value) || /^\d{4}-\d{2}/.test(value) || value.includes("||"));

/** Minutes of `Z`, `UTC` or `+01:00`; undefined: anything else. */
export const parseOffset = (zone: string): number | undefined => {
  if (/^(z|utc|gmt)$/i.test(zone)) return 0;
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  return match === null ? undefined : (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
};

const parseMoment = (text: string, { isSeconds = false, offset = 0 }: DateOptions): Span | undefined => {
  const match = isoPattern.exec(text);
  if (match === null || (isSeconds && /^\d+$/.test(text))) {
    if (!/^-?\d{1,16}(\.\d+)?$/.test(text)) return undefined;
    const micros = Math.round(Number(text) * (isSeconds ? 1_000_000 : 1000));
    return Math.abs(micros) <= 8.64e18 ? { start: BigInt(micros) } : undefined;
  }
  const [, year, month, day, hour, minute, second, fraction = "", zone] = match;
  const shift = zone === undefined ? offset : (parseOffset(zone) ?? 0);
  const parts = [Number(year), Number(month ?? 1), Number(day ?? 1), Number(hour ?? 0), Number(minute ?? 0)] as const;
  const start = utc(...parts, Number(second ?? 0));
  if (start === undefined) return undefined;
  const moved = BigInt(start - shift * 60_000) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, "0"));
  const unit = missingUnit(month, day, hour, minute, second);
  if (unit === undefined) return fraction === "" ? { start: moved, end: moved + 1_000_000n } : { start: moved };
  const after = added(moved + BigInt(shift) * 60_000_000n, 1, unit) - BigInt(shift) * 60_000_000n;
  return { start: moved, end: after };
};

const missingUnit = (
  month: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
): Unit | undefined => {
  if (month === undefined) return "y";
  if (day === undefined) return "M";
  if (hour === undefined) return "d";
  if (minute === undefined) return "h";
  return second === undefined ? "m" : undefined;
};

/** Undefined where there is no such date. */
const utc = (y: number, mo: number, d: number, h: number, mi: number, s: number): number | undefined => {
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  date.setUTCHours(h, mi, s, 0);
  const isSame = date.getUTCMonth() === mo - 1 && date.getUTCDate() === d && h < 24 && mi < 60 && s < 60;
  return isSame ? date.getTime() : undefined;
};

const calculated = (span: Span, math: string): Span | undefined => {
  let { start, end } = span as { start: bigint; end: bigint | undefined };
  let rest = math;
  while (rest !== "") {
    const match = /^(?:([+-])(\d{0,6})|\/)([yMwdhHms])/.exec(rest);
    if (match === null) return undefined;
    const unit = (match[3] === "H" ? "h" : match[3]) as Unit;
    if (match[1] === undefined) {
      start = floored(start, unit);
      end = added(start, 1, unit);
    } else {
      const amount = (match[1] === "-" ? -1 : 1) * Number(match[2] === "" ? 1 : match[2]);
      start = added(start, amount, unit);
      if (end !== undefined) end = added(end, amount, unit);
    }
    rest = rest.slice(match[0].length);
  }
  return end === undefined ? { start } : { start, end };
};

const fixed: Readonly<Record<Exclude<Unit, "y" | "M">, bigint>> = {
  w: 604_800_000_000n,
  d: 86_400_000_000n,
  h: 3_600_000_000n,
  m: 60_000_000n,
  s: 1_000_000n,
};

const added = (micros: bigint, amount: number, unit: Unit): bigint => {
  if (unit !== "y" && unit !== "M") return micros + BigInt(amount) * fixed[unit];
  const millis = floorDivide(micros, 1000n);
  const date = new Date(Number(millis));
  const months = unit === "y" ? amount * 12 : amount;
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return Number.isNaN(date.getTime()) ? micros : BigInt(date.getTime()) * 1000n + (micros - millis * 1000n);
};

const floored = (micros: bigint, unit: Unit): bigint => {
  const date = new Date(Number(floorDivide(micros, 1000n)));
  if (unit === "y" || unit === "M") {
    date.setUTCMonth(unit === "y" ? 0 : date.getUTCMonth(), 1);
    date.setUTCHours(0, 0, 0, 0);
    return BigInt(date.getTime()) * 1000n;
  }
  // The epoch was a Thursday, weeks start on Mondays.
  const monday = unit === "w" ? fixed.d * 4n : 0n;
  return floorDivide(micros - monday, fixed[unit]) * fixed[unit] + monday;
};

const floorDivide = (value: bigint, by: bigint): bigint => {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
};

export type CalendarUnit = "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";

const calendarSteps: Readonly<Record<CalendarUnit, readonly [number, Unit]>> = {
  minute: [1, "m"],
  hour: [1, "h"],
  day: [1, "d"],
  week: [1, "w"],
  month: [1, "M"],
  quarter: [3, "M"],
  year: [1, "y"],
};

/** Milliseconds: where the span of a calendar ends that starts at `millis`. */
export const nextInstant = (millis: number, unit: CalendarUnit): number => {
  const [amount, step] = calendarSteps[unit];
  return Number(added(BigInt(millis) * 1000n, amount, step) / 1000n);
};
