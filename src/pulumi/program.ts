// The program of the Pulumi.yaml at the top of this repository: one connection, from the stack's configuration.
import { builtinCatalog, connectionType, secretFields } from "../catalog/index.ts";
import { Connection, type ConnectionConfig } from "./connection.ts";
import { pulumi } from "./sdk.ts";

const settings = new pulumi.Config("connector-deployer");
const source = settings.require("source");
const auth = settings.require("auth");

const type = connectionType(builtinCatalog(), source, auth);
/** Each under a key of its own, so that the rest of the configuration can be read in diffs. */
const secrets = (type === undefined ? [] : secretFields(type)).map((field) => [field, settings.getSecret(field)]);

const connection = new Connection(settings.get("name") ?? pulumi.getStack(), {
  source,
  auth,
  config: { ...settings.requireObject<ConnectionConfig>("config"), ...Object.fromEntries(secrets) },
});

export const connectionId = connection.connectionId;
export const status = connection.status;
