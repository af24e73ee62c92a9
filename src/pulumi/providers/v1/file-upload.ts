import { createProvider } from "../../lifecycle/create-provider.ts";
import { fileUploadAdapter } from "../../lifecycle/file-upload-adapter.ts";

const provider = createProvider(fileUploadAdapter);

// What require() of this module gives: Pulumi's host is CommonJS.
export { provider as "module.exports" };
