import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createService, type Service, type ServiceOptions } from "../../src/service/index.ts";
import { type SignedClient, signedClient } from "./signed.ts";

export const testCredentials = { accessKey: "IAK_TEST", secretKey: "test-secret-key" };

/** A service in process with a client for it; closed when the test ends. */
export const startService = async (
  options: ServiceOptions = {},
): Promise<{ readonly service: Service; readonly call: SignedClient }> => {
  const service = await createService({ credentials: testCredentials, ...options });
  onTestFinished(() => service.close());
  const now = options.clock === undefined ? {} : { now: options.clock() };
  return { service, call: signedClient({ ...service.credentials, ...now }, (request) => service.fetch(request)) };
};

/** A folder that is removed when the test ends. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "connector-service-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
