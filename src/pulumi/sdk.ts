import { createRequire } from "node:module";
import type * as Sdk from "@pulumi/pulumi";
import { DeployerError } from "../errors.ts";

const name = "@pulumi/pulumi";

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  error.code === "MODULE_NOT_FOUND" &&
  error.message.startsWith(`Cannot find module '${name}'`);

/**
 * The user's Pulumi SDK, an optional peer: beside this package, or in the program's folder where this package is linked
 * from elsewhere. Throws `missing-package`.
 */
export const loadSdk = (places: readonly string[]): typeof Sdk => {
  for (const place of places) {
    try {
      return createRequire(place)(name) as typeof Sdk;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  throw new DeployerError(
    "missing-package",
    `connector-deployer/pulumi needs the package ${name}, which is not installed`,
    {
      hint: `npm i ${name}`,
      details: { package: name },
    },
  );
};

// A class needs its base when it is declared, and the SDK is CommonJS: it is the same one that `import` gives.
export const pulumi = loadSdk([import.meta.url, `${process.cwd()}/`]);
