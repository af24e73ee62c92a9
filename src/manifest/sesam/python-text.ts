import type { Json } from "../../contract/index.ts";

/** How a file writes a number that is no whole one to Python, whatever its value is. */
const fractional = /^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$/;

const floatText = (value: number): string => {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [, sign = "", first = "", rest = "", exponent = "0"] =
    /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(value.toExponential()) ?? [];
  const digits = first + rest;
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const shown = `${Math.abs(power)}`.padStart(2, "0");
    return `${sign}${first}${rest === "" ? "" : `.${rest}`}e${power < 0 ? "-" : "+"}${shown}`;
  }
  if (power < 0) return `${sign}0.${digits.padStart(digits.length - power - 1, "0")}`;
  return `${sign}${digits.slice(0, power + 1).padEnd(power + 1, "0")}.${digits.slice(power + 1) || "0"}`;
};

/**
 * A number as Python's `str` writes it, which is how Sesam's client puts it into a text: `10`, `10.5`, `1e+20`. What is
 * spelled `10.0` in the file stays `10.0`.
 */
export const pythonNumber = (value: number, spelled: string | undefined): string => {
  if (!Number.isInteger(value) || (spelled !== undefined && fractional.test(spelled))) return floatText(value);
  return Math.abs(value) < 1e16 ? String(value === 0 ? 0 : value) : floatText(value);
};

/** A value as a part of a longer text; undefined where it is a list, a mapping or null. */
export const textOf = (json: Json, spelled?: string): string | undefined => {
  if (typeof json === "number") return pythonNumber(json, spelled);
  return typeof json === "string" ? json : typeof json === "boolean" ? String(json) : undefined;
};

/** What Python takes for true. */
export const isTruthy = (json: unknown): boolean =>
  Array.isArray(json)
    ? json.length > 0
    : typeof json === "object" && json !== null
      ? Object.keys(json).length > 0
      : Boolean(json);
