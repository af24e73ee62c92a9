import { DeployerError } from "../errors.ts";
import { withoutTexts } from "../infino/index.ts";
import type { Tenant } from "../manifest/index.ts";
import type { Context } from "./context.ts";
import { findTenant } from "./desired-digest.ts";
import { readOne } from "./read-tenants.ts";
import { secretValues } from "./without-secrets.ts";

/** What cannot be had is nothing. */
const ifAny = async <T>(work: () => Promise<T>, nothing: T): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeployerError) return nothing;
    throw error;
  }
};

type Asked = { readonly tenant?: Tenant; readonly resources: Awaited<ReturnType<typeof readOne>>["resources"] };

/** See `Project.withoutSecrets`. */
export const quietOf = async (
  context: Context,
  id: string,
  texts: readonly string[],
  also: readonly string[],
): Promise<readonly string[]> => {
  if (texts.length === 0) return texts;
  const { files } = context;
  const asked = await ifAny<Asked>(
    async () => {
      const { tenant, diagnostics } = await findTenant(files, id);
      return tenant === undefined ? { resources: [] } : await readOne(files, tenant, diagnostics, context.set);
    },
    { resources: [] },
  );
  const entries = await ifAny(async () => (await context.ledger()).entries(id), []);
  const parts = [
    ...asked.resources.map((resource) => ({ resource, applied: resource.properties })),
    ...entries.map(({ resource, applied }) => ({ resource, applied })),
  ];
  const values = [...also, ...(await secretValues(parts, context.secrets(asked.tenant)))];
  return texts.map((text) => withoutTexts(text, values));
};
