import { createTenantProvider } from "../../whole-tenant/create-tenant-provider.ts";

const provider = createTenantProvider();

// What require() of this module gives: Pulumi's host is CommonJS.
export { provider as "module.exports" };
