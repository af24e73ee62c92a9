import type * as Pg from "pg";
import { DeployerError } from "../../errors.ts";

export type Driver = Pick<typeof Pg, "Client" | "Pool">;

/** The package `pg`, an optional peer. Throws `missing-package`. */
export const loadDriver = async (): Promise<Driver> => {
  try {
    return (await import("pg")).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("'pg'")) throw error;
    throw new DeployerError("missing-package", "a postgres:// ledger needs the package pg, which is not installed", {
      hint: "npm i pg",
      details: { package: "pg" },
    });
  }
};
