import type { CustomResourceOptions } from "@pulumi/pulumi";
import { pulumi } from "./sdk.ts";

/**
 * What every class tells Pulumi's engine. `live` repeats arguments that the program may have marked as secret, and what it
 * adds is no news in a diff; the program's own options come on top.
 */
export const classOptions = (
  opts: CustomResourceOptions,
  secretOutputs: readonly string[],
  deleteBeforeReplace: boolean,
): CustomResourceOptions =>
  pulumi.mergeOptions(
    {
      hideDiffs: ["__provider", "live"],
      additionalSecretOutputs: [...secretOutputs, "live"],
      ...(deleteBeforeReplace ? { deleteBeforeReplace } : {}),
    },
    opts,
  );
