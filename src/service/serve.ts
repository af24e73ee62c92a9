import { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DeployerError } from "../errors.ts";
import { createService } from "./create-service.ts";
import type { ServeOptions, Server } from "./types.ts";

const host = "127.0.0.1";
const patience = 1_000;

/** Serves on 127.0.0.1. Throws `service-data`, or `usage` where the port cannot be had. */
export const serve = async (options: ServeOptions = {}): Promise<Server> => {
  const { createAdaptorServer } = await import("@hono/node-server");
  const service = await createService(options);
  const server = createAdaptorServer({
    fetch: (request, { incoming }) => service.fetch(request, incoming instanceof IncomingMessage ? { incoming } : {}),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).once("listening", resolve);
      server.listen(options.port ?? 0, host);
    });
  } catch (error) {
    await service.close();
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new DeployerError("usage", `port ${options.port} on ${host} cannot be used (${code})`, {
      hint: "take another one, or port 0 for any that is free",
      cause: error,
    });
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    credentials: service.credentials,
    ...(service.credentialsFile === undefined ? {} : { credentialsFile: service.credentialsFile }),
    notices: service.notices,
    close: async () => {
      const ended = new Promise((resolve) => server.close(resolve));
      if ("closeIdleConnections" in server) server.closeIdleConnections();
      const timer = setTimeout(() => {
        if ("closeAllConnections" in server) server.closeAllConnections();
      }, patience);
      await ended;
      clearTimeout(timer);
      await service.close();
    },
  };
};
