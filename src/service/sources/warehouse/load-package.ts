import { Problem } from "../../problem.ts";

/** Loads an optional package. Throws `not_implemented` where it is not installed. */
export const loadPackage = async <Package>(name: string, load: () => Promise<Package>): Promise<Package> => {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Problem(
      "not_implemented",
      `this source needs a package that is not installed: npm i ${name}, then start serve again`,
    );
  }
};
