import { usage } from "./flag.ts";

/** The one tenant that a command is about. Throws `usage` for none, several, or a glob. */
export const oneTenant = (command: string, tenants: readonly string[]): string => {
  const [tenant] = tenants;
  if (tenant === undefined || tenants.length > 1) {
    throw usage(`${command} takes one tenant; ${tenants.length} were given`, `name it: ${command} -t TENANT`);
  }
  if (/[*?[\]{}!]/.test(tenant)) {
    throw usage(
      `${command} takes a tenant's name, not the glob ${JSON.stringify(tenant)}`,
      `name it: ${command} -t TENANT`,
    );
  }
  return tenant;
};
