import { once } from "node:events";
import { createServer, type Server, type Socket, connect as tcp } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

export type Proxy = { readonly port: number; close(): Promise<void> };

const listening = async (server: Server, sockets: Set<Socket>): Promise<Proxy> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
};

const kept = (sockets: Set<Socket>, socket: Socket): Socket => {
  sockets.add(socket);
  // A cut connection is what this is for.
  return socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
};

/** `done`: it commits and the answer is lost; `undone`: the COMMIT is lost; `late`: it commits a while after the client was cut off. */
export type Cut = "done" | "undone" | "late";

export type CuttingProxy = Proxy & {
  /** Cuts the connection that sends the next COMMITs, one cut each. */
  cut(...how: readonly Cut[]): void;
  /** How many cuts are still to come. */
  readonly left: number;
};

const commit = Buffer.from("COMMIT\0");

/** A TCP proxy before a Postgres server that cuts connections at their COMMIT. */
export const cuttingProxy = async (target: number): Promise<CuttingProxy> => {
  const cuts: Cut[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((accepted) => {
    const client = kept(sockets, accepted);
    const backend = kept(sockets, tcp(target, "127.0.0.1"));
    let isCut = false;
    backend.on("data", (bytes) => {
      if (isCut) client.destroy();
      else client.write(bytes);
    });
    backend.on("close", () => client.destroy());
    client.on("close", () => {
      if (!isCut) backend.destroy();
    });
    client.on("data", async (bytes) => {
      const cut = bytes.includes(commit) ? cuts.shift() : undefined;
      if (cut === undefined) return void backend.write(bytes);
      isCut = true;
      if (cut !== "done") client.destroy();
      if (cut === "undone") return void backend.destroy();
      if (cut === "late") await pause(400);
      backend.write(bytes);
      if (cut === "late") await pause(400).then(() => backend.destroy());
    });
  });
  return {
    ...(await listening(server, sockets)),
    cut: (...how) => void cuts.push(...how),
    get left() {
      return cuts.length;
    },
  };
};

const message = (type: string, body: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write(type);
  bytes.writeInt32BE(4 + body.length, 1);
  bytes.set(body, 5);
  return bytes;
};

/** Whole messages of what a server sends; gives true where the last one says that no transaction is open. */
const idleWatch = (): ((bytes: Buffer) => boolean) => {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    let isIdle = false;
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const length = rest.readInt32BE(1) + 1;
      isIdle = rest.toString("latin1", 0, 1) === "Z" && rest.toString("latin1", 5, 6) === "I";
      rest = rest.subarray(length);
    }
    return isIdle && rest.length === 0;
  };
};

export type Pooler = Proxy & { readonly transactions: number };

/** Stands before a server as a pooler does: each transaction gets another one of a few connections. */
export const pooler = async (url: string, size = 3): Promise<Pooler> => {
  const sockets = new Set<Socket>();
  const free: Socket[] = [];
  const waiting: ((backend: Socket) => void)[] = [];
  for (let index = 0; index < size; index++) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners("data");
    free.push(kept(sockets, stream));
    client.on("error", () => undefined);
  }
  const release = (backend: Socket): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(backend);
    else next(backend);
  };
  const take = (): Promise<Socket> => {
    const backend = free.shift();
    return backend === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(backend);
  };
  let transactions = 0;
  const server = createServer((accepted) => {
    const client = kept(sockets, accepted);
    let backend: Promise<Socket> | undefined;
    let hasStarted = false;
    const assign = async (): Promise<Socket> => {
      const taken = await take();
      const isIdle = idleWatch();
      transactions++;
      taken.on("data", (bytes: Buffer) => {
        if (isIdle(bytes)) {
          taken.removeAllListeners("data");
          backend = undefined;
          release(taken);
        }
        client.write(bytes);
      });
      return taken;
    };
    client.on("data", async (bytes) => {
      if (!hasStarted) {
        hasStarted = true;
        client.write(Buffer.concat([message("R", [0, 0, 0, 0]), message("Z", ["I".charCodeAt(0)])]));
        return;
      }
      // Goodbye is for us, not for the connection behind.
      if (bytes.toString("latin1", 0, 1) === "X") return void client.end();
      backend ??= assign();
      (await backend).write(bytes);
    });
  });
  return {
    ...(await listening(server, sockets)),
    get transactions() {
      return transactions;
    },
  };
};
