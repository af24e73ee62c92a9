import type { Path, Resource } from "../contract/index.ts";
import { address, leaves } from "../contract/index.ts";
import { infinoKinds } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { ignores, matcher } from "./policies.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { checkSelection } from "./selection.ts";
import type { DesiredResource, DesiredTenant } from "./types.ts";

const referencesOf = (resource: Resource): DesiredResource["references"] =>
  infinoKinds.find(({ name }) => name === resource.kind)?.references(resource.properties) ?? [];

/** What one tenant's files ask for. Offline. */
export const desiredOf = async (context: Context, tenant: string): Promise<DesiredTenant> => {
  const { files } = context;
  const selection = { tenants: [tenant] };
  const { selected, ids, diagnostics } = await readTenants(files, await context.index(), selection, context.set);
  refuseInvalid(diagnostics);
  checkSelection(selection, ids, files.waves);
  context.warn(diagnostics);
  const isProtected = matcher(files.protected);
  const isIgnored = ignores(files);
  const ignored = ({ kind, properties }: Resource): readonly Path[] =>
    leaves(properties).filter((path) => isIgnored(kind, { path, class: "files" }));
  const [found] = selected;
  return {
    tenant,
    target: found?.tenant.target ?? "",
    state: found?.tenant.state ?? "absent",
    catalogFiles: files.catalogFiles,
    resources: (found?.resources ?? []).map((resource) => ({
      ...resource,
      references: referencesOf(resource),
      isProtected: isProtected(address(resource.kind, resource._id)),
      ignored: ignored(resource),
    })),
    reveal: (text) => context.secrets(found?.tenant).resolve(text),
  };
};
