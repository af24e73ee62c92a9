import { createProvider } from "../../lifecycle/create-provider.ts";
import { datasetAdapter } from "../../lifecycle/dataset-adapter.ts";

const provider = createProvider(datasetAdapter);

// What require() of this module gives: Pulumi's host is CommonJS.
export { provider as "module.exports" };
