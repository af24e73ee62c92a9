import { connectionAdapter } from "../../lifecycle/connection-adapter.ts";
import { createProvider } from "../../lifecycle/create-provider.ts";

const provider = createProvider(connectionAdapter);

// What require() of this module gives: Pulumi's host is CommonJS.
export { provider as "module.exports" };
