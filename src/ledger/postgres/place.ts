import { DeployerError } from "../../errors.ts";
import type { Driver } from "./driver.ts";

/** Where a ledger is, as messages may name it. */
export type Place = {
  readonly name: string;
  readonly details: { readonly host: string; readonly port: number; readonly database: string };
  /** The text without the password. */
  readonly redact: (text: string) => string;
};

const invalid = (): DeployerError =>
  new DeployerError("ledger-unavailable", "the ledger's postgres:// address is not a valid one", {
    hint: "write postgres://USER:$SECRET(name)@HOST/DATABASE; in a whole address, %-encode what the password holds of @ : / ? #",
  });

/** What the driver makes of the address. A password that is not encoded could end up as a part of host or database. */
export const placeOf = ({ Client }: Driver, url: string): Place => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || /[@]/.test(parsed.pathname + parsed.search + parsed.hash)) throw invalid();
  let client: InstanceType<Driver["Client"]>;
  try {
    client = new Client({ connectionString: url });
  } catch {
    throw invalid();
  }
  const { host, port, database = "", password } = client;
  const redact = (text: string) =>
    typeof password === "string" && password !== "" ? text.replaceAll(password, "***") : text;
  return { name: `postgres://${host}:${port}/${database}`, details: { host, port, database }, redact };
};
