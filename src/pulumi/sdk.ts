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
 * The user's Pulumi SDK, an optional peer: the one of the program's folder, so that there is one also where this package
 * is linked from a folder that has another, or else the one beside this package. Throws `missing-package`.
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
export const pulumi = loadSdk([`${process.cwd()}/`, import.meta.url]);
