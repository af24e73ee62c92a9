import type { RunRecord } from "./imports/types.ts";
import type { ConnectionRecord, DatasetRecord, ImportJobRecord, State } from "./state.ts";
import type { Service, ServiceOptions } from "./types.ts";

/**
 * The Infino-compatible connector service, without a port. Throws `service-data` where the data folder cannot be used.
 * Close it to release the folder.
 */
export const createService = async (options: ServiceOptions = {}): Promise<Service> => {
  const [{ builtinCatalog }, { createApp }, { createCredentials, storedCredentials }, { createHealth }, { openStore }] =
    await Promise.all([
      import("../catalog/index.ts"),
      import("./app.ts"),
      import("./credentials.ts"),
      import("./sources/health.ts"),
      import("./store/open-store.ts"),
    ]);
  const [{ createTimestamps }, { behaviourOf }, { defaultTraits }, { openData }, { createRuns }] = await Promise.all([
    import("./timestamps.ts"),
    import("./behaviour.ts"),
    import("../contract/index.ts"),
    import("./data/open-data.ts"),
    import("./imports/runs.ts"),
  ]);
  const { createImports, idleImports } = await import("./imports/create-imports.ts");
  const { tryConnections } = await import("./connections.ts");
  const { missingPackages } = await import("./sources/drivers.ts");
  const { createUploads } = await import("./uploads/create-uploads.ts");
  const {
    dataDir,
    clock = Date.now,
    statusWait = 3_000,
    queryTimeout = 30_000,
    reportError = () => {},
    runImports = true,
  } = options;
  const store = openStore(dataDir);
  const behaviour = behaviourOf({ ...defaultTraits, ...options.traits });
  const timestamp = createTimestamps(clock);
  const health = createHealth({ timestamp, ttl: behaviour.healthTtl });
  try {
    const kept = options.credentials === undefined && dataDir !== undefined ? storedCredentials(dataDir) : undefined;
    const credentials = options.credentials ?? kept?.credentials ?? createCredentials();
    const data = openData(dataDir);
    const imports = runImports ? createImports(() => state, { clock, reportError }) : idleImports;
    const uploads = createUploads(() => state, { clock, reportError });
    const state: State = {
      catalog: options.catalog ?? builtinCatalog(),
      connections: store.collection<ConnectionRecord>("connection"),
      datasets: store.collection<DatasetRecord>("dataset"),
      importJobs: store.collection<ImportJobRecord>("import-job"),
      data,
      runs: createRuns(store.collection<RunRecord>("run")),
      imports,
      uploads,
      health,
      behaviour,
      statusWait,
      queryTimeout,
      timestamp,
    };
    await uploads.start();
    imports.start();
    tryConnections(state);
    const app = createApp(state, credentials, clock, reportError);
    return {
      credentials,
      ...(kept === undefined ? {} : { credentialsFile: kept.file }),
      notices: missingPackages(Array.from(state.connections.values(), ({ type }) => type)),
      fetch: async (request, bindings) => app.fetch(request, bindings),
      close: async () => {
        health.close();
        await imports.close();
        await uploads.close();
        await data.close();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
};
