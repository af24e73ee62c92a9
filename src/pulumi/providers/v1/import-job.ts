import { createProvider } from "../../lifecycle/create-provider.ts";
import { importJobAdapter } from "../../lifecycle/import-job-adapter.ts";

const provider = createProvider(importJobAdapter);

// What require() of this module gives: Pulumi's host is CommonJS.
export { provider as "module.exports" };
