const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** How the files write a duration: `500ms`, `30s`, `2m`, `1h`. */
export const durationPattern = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$";

/** Milliseconds of a text that fits `durationPattern`. */
export const milliseconds = (text: string): number => {
  const [, number = "", unit = ""] = /^([\d.]+)(ms|s|m|h)$/.exec(text) ?? [];
  return Math.round(Number(number) * (units[unit] ?? Number.NaN));
};
