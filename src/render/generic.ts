import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";

/** Stands for a tenant's id in what is the same in many tenants. */
export const anyTenant = "<tenant>";

const letterOrDigit = /[\p{L}\p{N}]/u;

const joins = (character: string | undefined): boolean => character !== undefined && letterOrDigit.test(character);

/**
 * Puts `<tenant>` in the place of a tenant's id, where it stands as a word of its own: `acme-t001-crm` is
 * `acme-<tenant>-crm`.
 */
export const genericText = (tenant: string, text: string): string => {
  if (tenant === "") return text;
  let result = "";
  let last = 0;
  for (let start = text.indexOf(tenant); start !== -1; start = text.indexOf(tenant, start + 1)) {
    const end = start + tenant.length;
    if (start < last || joins(text[start - 1]) || joins(text[end])) continue;
    result += text.slice(last, start) + anyTenant;
    last = end;
  }
  return last === 0 ? text : result + text.slice(last);
};

/** The same for every text in a value. */
export const genericValue = (tenant: string, value: Json): Json => {
  if (typeof value === "string") return genericText(tenant, value);
  if (Array.isArray(value)) return value.map((item) => genericValue(tenant, item));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [genericText(tenant, key), genericValue(tenant, member)]),
    );
  }
  return value;
};
