import type { SourceItem, TenantItem } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import { table } from "./table.ts";
import { count } from "./words.ts";

/** A table of tenants. No line feed at the end. */
export const renderTenants = (tenants: readonly TenantItem[]): string => {
  if (tenants.length === 0) return "no tenants";
  const rows = tenants.map((tenant) =>
    [
      tenant.id,
      tenant.state,
      tenant.target,
      tenant.wave ?? "",
      count(tenant.owned),
      Object.entries(tenant.labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(" "),
    ].map(printable),
  );
  return table(["TENANT", "STATE", "TARGET", "WAVE", "OWNED", "LABELS"], rows).join("\n");
};

/** A table of the connector types that a target offers. No line feed at the end. */
export const renderSources = (sources: readonly SourceItem[]): string => {
  if (sources.length === 0) return "no sources";
  const rows = sources.map((source) =>
    [source.id, source.category, source.connections.join(" "), source.name, source.description].map(printable),
  );
  return table(["SOURCE", "CATEGORY", "CONNECTION TYPES", "NAME", "DESCRIPTION"], rows).join("\n");
};
