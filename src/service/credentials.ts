import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DeployerError } from "../errors.ts";
import { readOrCreate } from "./store/read-or-create.ts";
import type { Credentials } from "./types.ts";

/** A new pair, in the form that the API's own have. */
export const createCredentials = (): Credentials => ({
  accessKey: `IAK_${randomBytes(10).toString("hex").toUpperCase()}`,
  secretKey: randomBytes(30).toString("base64url"),
});

/** The pair of a data folder, made when it has none; the file can be read as an environment file. */
export const storedCredentials = (dataDir: string): { readonly credentials: Credentials; readonly file: string } => {
  const file = join(dataDir, "credentials.env");
  const text = readOrCreate(file, () => {
    const made = createCredentials();
    return Buffer.from(`INFINO_ACCESS_KEY=${made.accessKey}\nINFINO_SECRET_KEY=${made.secretKey}\n`);
  }).toString("utf8");
  const accessKey = /^INFINO_ACCESS_KEY=(\S+)$/m.exec(text)?.[1];
  const secretKey = /^INFINO_SECRET_KEY=(\S+)$/m.exec(text)?.[1];
  if (accessKey === undefined || secretKey === undefined) {
    throw new DeployerError("service-data", `${file} does not hold INFINO_ACCESS_KEY and INFINO_SECRET_KEY`, {
      hint: "remove the file, and a new pair is made",
    });
  }
  return { credentials: { accessKey, secretKey }, file };
};
