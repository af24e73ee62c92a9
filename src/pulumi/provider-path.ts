import { createRequire } from "node:module";
import { pulumi } from "./sdk.ts";

const found = new Set<string>();

/**
 * Pulumi's host of dynamic providers loads this package from the working folder, also when it destroys and refreshes: a
 * package that only the program finds would fail there without a word about why. Throws a `RunError`.
 */
export const checkProviderPath = (kind: string): void => {
  const cwd = process.cwd();
  const place = `${cwd}\n${kind}`;
  if (found.has(place)) return;
  const path = `connector-deployer/providers/v1/${kind}`;
  try {
    createRequire(`${cwd}/`).resolve(path);
  } catch {
    throw new pulumi.RunError(
      `${path} cannot be found from the folder of the Pulumi program, where Pulumi's host looks for it; ` +
        "install it there: npm i connector-deployer",
    );
  }
  found.add(place);
};
