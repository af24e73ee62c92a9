import { isAbsolute, join } from "node:path";
import { parseReferences, writeReferences } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { DeployerError } from "../errors.ts";
import type { ProjectFiles } from "../manifest/index.ts";
import { folder, stateFolder } from "./state-folder.ts";

type Resolve = (text: string) => Promise<string>;

const postgres = /^postgres(ql)?:\/\//i;

/** What stands for a user or a password is encoded, so that it may have any character. */
const resolveAddress = async (text: string, resolve: Resolve): Promise<string> => {
  const end = postgres.test(text) ? text.lastIndexOf("@") : -1;
  if (end === -1) return resolve(text);
  let user = "";
  for (const piece of parseReferences(text.slice(0, end))) {
    user += piece.type === "text" ? piece.text : encodeURIComponent(await resolve(writeReferences([piece])));
  }
  return user + (await resolve(text.slice(end)));
};

/** Where the ledger is: a path becomes absolute, an address stays. Throws `usage` for a shared ledger without a shared key. */
export const ledgerAddress = async (
  { dir, ledger, ledger_key }: Pick<ProjectFiles, "dir" | "ledger" | "ledger_key">,
  resolve: Resolve,
): Promise<string> => {
  const address = await resolveAddress(ledger, resolve);
  if (postgres.test(address) && ledger_key === undefined) {
    throw new DeployerError(
      "usage",
      "a ledger at a postgres:// address needs ledger_key, which everybody who shares it has",
      {
        hint: "add ledger_key: $SECRET(name) to connector-deployer.yaml and declare the name under secrets:",
      },
    );
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(address) || isAbsolute(address)) return address;
  if (address.startsWith(`${folder}/`)) await stateFolder(dir);
  return join(dir, address);
};

const isInCi = (value: string | undefined): boolean => !["", "0", "false"].includes(value?.trim().toLowerCase() ?? "");

/** A CI job starts with an empty disk: what is only there is lost with it. */
export const ciWarnings = (address: string, env: { readonly [name: string]: string | undefined }): Diagnostic[] =>
  isInCi(env["CI"]) && isAbsolute(address)
    ? [
        {
          code: "ledger-in-ci",
          severity: "warning",
          message: `the ledger is a file, ${address}, on a machine of CI (CI is set): when it is lost, so is what is ours`,
          hint: "share one in Postgres (ledger: postgres://… with ledger_key), or restore the file and its key before each job and save them after it, as a cache or an artifact",
        },
      ]
    : [];
