import type { Base } from "../contract/index.ts";
import type { Output, OutputsReport } from "./care-types.ts";
import type { Context } from "./context.ts";
import { ownedBy } from "./look.ts";
import type { Selection } from "./types.ts";

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** What scripts ask for, by kind; other kinds have their `id`. */
const named = ({ resource, id }: Base): Pick<Output, "connection_id" | "job_id" | "dataset"> => {
  switch (resource.kind) {
    case "connection":
      return { connection_id: id };
    case "import-job":
      return { job_id: id };
    case "dataset":
      return { dataset: id };
    case "file": {
      const dataset = text(resource.properties["dataset"]);
      return dataset === undefined ? {} : { dataset };
    }
    default:
      return {};
  }
};

const outputsOfTenant = (entries: readonly Base[]): { readonly [_id: string]: Output } => {
  const byId = Map.groupBy(entries, (entry) => entry.resource._id);
  const pairs = entries.map((entry): readonly [string, Output] => {
    const { kind, _id } = entry.resource;
    const name = (byId.get(_id)?.length ?? 0) > 1 ? `${entry.target}/${kind}/${_id}` : _id;
    return [name, { kind, target: entry.target, id: entry.id, ...named(entry), state: entry.state }];
  });
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** The ids of what the selected tenants own, as the ledger has them. Sends nothing to the targets. */
export const outputsOf = async (context: Context, selection: Selection): Promise<OutputsReport> => {
  const { tenants, entries } = await ownedBy(context, selection);
  const byTenant = Map.groupBy(entries, (entry) => entry.resource.tenant);
  return {
    type: "outputs",
    schemaVersion: 1,
    environment: context.files.environment,
    tenants: Object.fromEntries([...tenants].sort().map((id) => [id, outputsOfTenant(byTenant.get(id) ?? [])])),
  };
};
