import { loadPackage } from "../warehouse/load-package.ts";

type Sdk = typeof import("snowflake-sdk");

let loaded: Promise<Sdk> | undefined;

/** The driver, without what it does unasked: it probes cloud metadata, loads a native part, sends telemetry and writes a log. */
export const loadSnowflakeSdk = (): Promise<Sdk> => {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
};

const load = async (): Promise<Sdk> => {
  process.env["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] ??= "true";
  process.env["SNOWFLAKE_DISABLE_MINICORE"] ??= "1";
  process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"] ??= "1";
  const { default: sdk } = await loadPackage("snowflake-sdk", () => import("snowflake-sdk"));
  sdk.configure({ logLevel: "OFF", additionalLogToConsole: false, logFilePath: "STDOUT" });
  return sdk;
};
