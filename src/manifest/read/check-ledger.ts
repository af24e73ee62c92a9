import { hasReference } from "../../contract/index.ts";
import type { Collector } from "../collect.ts";
import type { ProjectContent } from "../schemas/project.ts";
import type { Locate } from "./validate.ts";

/** What follows the last colon of an address's user part, where it has one. */
const passwordIn = (address: string): string => {
  const user = address.slice(address.indexOf("://") + 3, Math.max(0, address.lastIndexOf("@")));
  const colon = user.indexOf(":");
  return colon === -1 ? "" : user.slice(colon + 1);
};

/** Reports a ledger's address that nothing can open, that lacks its key, or that holds a password in clear. */
export const checkLedger = ({ ledger, ledger_key }: ProjectContent, locate: Locate, collect: Collector): void => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(ledger)?.[1]?.toLowerCase();
  if (scheme === undefined) return;
  // Its line may hold a password.
  const { text: _, ...place } = locate("/ledger") ?? { file: "connector-deployer.yaml", line: 1, column: 1 };
  if (scheme !== "postgres" && scheme !== "postgresql") {
    const hint = "name a file, such as .connector-deployer/ledger.db, or a postgres:// address";
    collect.error("invalid-value", place, `there is no ledger at ${scheme}:// addresses`, hint);
    return;
  }
  const password = passwordIn(ledger);
  if (password !== "" && !hasReference(password)) {
    const hint = "write postgres://USER:$SECRET(name)@HOST/DATABASE and declare the name under secrets:";
    collect.error("plain-secret", place, "the ledger's password stands here in clear", hint);
  }
  if (ledger_key !== undefined) return;
  const hint = "add ledger_key: $SECRET(name) and declare the name under secrets:";
  const message = "a ledger at a postgres:// address needs ledger_key, which everybody who shares it has";
  collect.error("missing-field", place, message, hint);
};
