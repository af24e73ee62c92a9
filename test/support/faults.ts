import type { Json } from "../../src/contract/index.ts";
import { seeded } from "./random.ts";
import type { SignedClient } from "./signed.ts";
import type { Exchange, Ticks } from "./trace.ts";
import { about, isWrite, listPaths, madeId, parseJson, readPath } from "./trace.ts";

/** Everything that may go wrong on the way to the service and back. */
export const faultKinds = [
  /** The connection breaks before the service gets anything. */
  "drop-before",
  /** The service did it; the connection breaks instead of the answer. */
  "drop-after",
  /** The service did it; the answer breaks off in the middle. */
  "cut-body",
  /** The service did it, and something in front of it answers with a 5xx. */
  "error-after",
  /** The service does it after the client gave up, within `settle`. */
  "late-commit",
  "late-commit-above-settle",
  /** 429 for a while. */
  "storm",
  "storm-with-retry-after",
  /** A list without its end, in another order, or without some of its members. */
  "truncated-list",
  "shuffled-list",
  "filtered-list",
  /** The answer comes in small pieces, in time or not. */
  "trickle",
  /** What was there before the last write, within `settle`. */
  "stale-read",
  "stale-read-above-settle",
  /** A PATCH is acknowledged and does nothing. */
  "phantom-patch",
  /** 401 for a while. */
  "unauthorized",
  /** Somebody else writes the same object between our read and our write: known exposure. */
  "edit-before-write",
] as const;
export type FaultKind = (typeof faultKinds)[number];

const onReads: readonly FaultKind[] = [
  "drop-before",
  "drop-after",
  "cut-body",
  "error-after",
  "storm",
  "storm-with-retry-after",
  "trickle",
  "stale-read",
  "stale-read-above-settle",
  "unauthorized",
];
const onLists: readonly FaultKind[] = [...onReads, "truncated-list", "shuffled-list", "filtered-list"];
const onWrites: readonly FaultKind[] = [
  "drop-before",
  "drop-after",
  "cut-body",
  "error-after",
  "late-commit",
  "late-commit-above-settle",
  "storm",
  "storm-with-retry-after",
  "trickle",
  "unauthorized",
];
const onUpdates: readonly FaultKind[] = [...onWrites, "phantom-patch", "edit-before-write"];

/** Whether a fault of this kind means anything for a request. */
export const applies = (kind: FaultKind, exchange: Exchange): boolean => {
  const { verb } = exchange;
  const kinds = verb === "update" ? onUpdates : verb === "list" ? onLists : isWrite(exchange) ? onWrites : onReads;
  return kinds.includes(kind);
};

export type Fired = { readonly at: number; readonly kind: FaultKind; readonly request: string };

/** Says which fault, if any, a request meets. `nth`: how many requests with the same label came before. */
export type Decide = (exchange: Exchange, label: string, nth: number) => FaultKind | undefined;

/** Draws by seed and label, so that the order in which requests arrive does not matter. */
export const drawn =
  (seed: number, rate: number, kinds: readonly FaultKind[], rare: ReadonlySet<FaultKind> = new Set()): Decide =>
  (exchange, label, nth) => {
    const random = seeded(seed, `${label} ${nth}`);
    if (!random.chance(rate)) return undefined;
    const fitting = kinds.filter((kind) => applies(kind, exchange) && (!rare.has(kind) || random.chance(0.15)));
    return fitting.length === 0 ? undefined : random.pick(fitting);
  };

/** Tells the deployers of one stage apart. */
export const clientHeader = "x-test-client";

type Fetch = (request: Request) => Promise<Response>;

/** The connection broke; a server in front of it closes the socket. */
export class ConnectionLost extends TypeError {
  override readonly name = "ConnectionLost";
  readonly code = "ECONNRESET";
  constructor() {
    super("the connection was lost");
  }
}

export type FaultOptions = {
  readonly seed: number;
  readonly decide: Decide;
  readonly ticks: Ticks;
  /** Milliseconds, as the engine is told. */
  readonly settle: number;
  readonly requestTimeout: number;
  /** Reads behind all faults. */
  readonly call: SignedClient;
  /** Somebody else writes this connection, behind all faults. */
  readonly edit?: (id: string) => Promise<void>;
};

/** A middleware around the service's `fetch` that keeps a trace and makes trouble while it is armed. */
export type Faults = {
  /** `gone` aborts when the client gives up; default the request's own signal. */
  readonly fetch: (request: Request, gone?: AbortSignal) => Promise<Response>;
  readonly trace: Exchange[];
  readonly fired: Fired[];
  /** Trouble only from here on (writes are pending) and for this client only, until `disarm`. */
  arm(client?: string): void;
  disarm(): void;
  /** Everything that was put off has come to its end. */
  idle(): Promise<void>;
};

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

const response = ({ status, headers, text }: Answer): Response => new Response(text, { status, headers });
const problem = (status: number, type: string, headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json({ error: { type, reason: "a fault of the test" }, status }, { status, headers });

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The bytes in pieces; `cut`: the connection breaks after the first. */
const inPieces = ({ status, headers, text }: Answer, pieces: number, gap: number, cut: boolean): Response => {
  const bytes = new TextEncoder().encode(text);
  const size = Math.max(1, Math.ceil(bytes.byteLength / pieces));
  let at = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (cut && at > 0) return controller.error(new ConnectionLost());
        if (at > 0) await pause(gap);
        controller.enqueue(bytes.subarray(at, at + size));
        at += size;
        if (!cut && at >= bytes.byteLength) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const sent = new Headers(headers);
  sent.set("content-length", String(bytes.byteLength));
  return new Response(body, { status, headers: sent });
};

export const createFaults = (inner: Fetch, options: FaultOptions): Faults => {
  const { ticks, decide, settle, requestTimeout } = options;
  const trace: Exchange[] = [];
  const fired: Fired[] = [];
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  const late = new Set<Promise<unknown>>();
  /** What a path answered before a write, with the time of that write. */
  const before = new Map<string, { readonly until: number; readonly answer: Answer }[]>();
  /** The client that meets trouble; `*` is any. */
  let armed: string | undefined;
  let storm: { left: number; readonly kind: FaultKind } | undefined;
  let keepsHistory = false;

  const labelOf = (exchange: Exchange): string => {
    const { method, verb, kind, id, key, path } = exchange;
    const name = (live: string): string => names.get(live) ?? live;
    if (verb === "other") return `${method} ${path}`;
    const [connection = "", dataset] = (key ?? "").split(" → ");
    const what = id !== undefined ? name(id) : dataset === undefined ? connection : `${name(connection)} → ${dataset}`;
    return `${verb} ${kind} ${what}`;
  };

  const fetchAnswer = async (request: Request): Promise<Answer> => {
    const answer = await inner(request);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const peek = async (path: string): Promise<Answer> => {
    const { status, headers, text } = await options.call("GET", path);
    return { status, headers, text };
  };

  const remember = async (exchange: Exchange): Promise<() => void> => {
    const { kind, id } = exchange;
    const paths = [listPaths[kind], id === undefined ? undefined : readPath(kind, id)];
    const kept: { path: string; answer: Answer }[] = [];
    for (const path of paths) if (path !== undefined) kept.push({ path, answer: await peek(path) });
    return () => {
      const until = performance.now();
      for (const { path, answer } of kept) before.set(path, [...(before.get(path) ?? []), { until, answer }]);
      const own = exchange.made === undefined ? undefined : readPath(kind, exchange.made);
      if (own === undefined || id !== undefined) return;
      const missing: Answer = { status: 404, headers: new Headers(), text: '{"error":{"type":"not_found"}}' };
      before.set(own, [...(before.get(own) ?? []), { until, answer: missing }]);
    };
  };

  const earlier = (path: string, lag: number): Answer | undefined => {
    const now = performance.now();
    return before.get(path)?.find(({ until }) => until > now - lag)?.answer;
  };

  const commit = async (exchange: Exchange, request: () => Request): Promise<Answer> => {
    const remembered = keepsHistory && isWrite(exchange) ? await remember(exchange) : undefined;
    const answer = await fetchAnswer(request());
    exchange.committed = ticks();
    exchange.status = answer.status;
    if (exchange.verb === "create" && answer.status < 300) {
      const made = madeId(exchange.kind, answer.text, exchange.key ?? "");
      if (made !== undefined) {
        exchange.made = made;
        names.set(made, labelOf(exchange).split(" ").slice(2).join(" "));
      }
    }
    remembered?.();
    return answer;
  };

  const fire = (exchange: Exchange, kind: FaultKind): void => {
    exchange.fault = kind;
    fired.push({ at: ticks(), kind, request: labelOf(exchange) });
  };

  const shortened = (kind: FaultKind, members: readonly Json[], label: string): readonly Json[] => {
    const random = seeded(options.seed, `${kind} ${label} ${fired.length}`);
    if (kind === "shuffled-list") return random.shuffle(members);
    if (kind === "truncated-list") return members.slice(0, Math.ceil(members.length / 2));
    return members.filter(() => random.chance(0.7));
  };

  const trouble = async (
    kind: FaultKind,
    exchange: Exchange,
    request: () => Request,
    gone: AbortSignal,
  ): Promise<Response> => {
    const label = labelOf(exchange);
    const random = seeded(options.seed, `${kind} ${label}`);
    const answered = (answer: Answer): Response => {
      exchange.reply = "answered";
      return response(answer);
    };
    switch (kind) {
      case "drop-before":
        fire(exchange, kind);
        exchange.reply = "lost";
        throw new ConnectionLost();
      case "drop-after":
        await commit(exchange, request);
        fire(exchange, kind);
        exchange.reply = "lost";
        throw new ConnectionLost();
      case "cut-body": {
        const answer = await commit(exchange, request);
        fire(exchange, kind);
        exchange.reply = "lost";
        return inPieces(answer, 2, 0, true);
      }
      case "error-after":
        await commit(exchange, request);
        fire(exchange, kind);
        exchange.reply = "lost";
        return problem(random.pick([500, 502, 503, 504]), "fault");
      case "late-commit":
      case "late-commit-above-settle": {
        fire(exchange, kind);
        exchange.reply = "lost";
        const delay = kind === "late-commit" ? settle * (0.1 + 0.3 * random.fraction()) : requestTimeout + settle * 2.5;
        const ended = (async () => {
          if (!gone.aborted) await new Promise((done) => gone.addEventListener("abort", done, { once: true }));
          await pause(delay);
          await commit(exchange, request);
        })();
        late.add(ended);
        await ended.finally(() => late.delete(ended));
        throw new ConnectionLost();
      }
      case "storm":
      case "storm-with-retry-after":
        storm = { left: 2 + random.whole(4), kind };
        fire(exchange, kind);
        return stormed(exchange);
      case "unauthorized":
        storm = { left: 1 + random.whole(3), kind };
        fire(exchange, kind);
        return stormed(exchange);
      case "truncated-list":
      case "shuffled-list":
      case "filtered-list": {
        const answer = await commit(exchange, request);
        const members = parseJson(answer.text);
        if (!Array.isArray(members)) return answered(answer);
        const text = JSON.stringify(shortened(kind, members, label));
        if (text !== JSON.stringify(members)) fire(exchange, kind);
        return answered({ ...answer, text });
      }
      case "trickle": {
        const answer = await commit(exchange, request);
        fire(exchange, kind);
        const isSlow = random.chance(0.4);
        exchange.reply = isSlow ? "lost" : "answered";
        const pieces = 4;
        return inPieces(answer, pieces, ((isSlow ? 2 : 0.3) * requestTimeout) / pieces, false);
      }
      case "stale-read":
      case "stale-read-above-settle": {
        const lag = kind === "stale-read" ? settle * (0.1 + 0.3 * random.fraction()) : requestTimeout + settle * 2.5;
        const old = earlier(exchange.path, lag);
        const now = await commit(exchange, request);
        if (old === undefined || old.text === now.text) return answered(now);
        fire(exchange, kind);
        return answered(old);
      }
      case "phantom-patch":
        fire(exchange, kind);
        exchange.reply = "answered";
        return Response.json({ acknowledged: true });
      case "edit-before-write":
        if (options.edit !== undefined && exchange.id !== undefined) {
          await options.edit(exchange.id);
          fire(exchange, kind);
        }
        return answered(await commit(exchange, request));
      default:
        return kind satisfies never;
    }
  };

  const stormed = (exchange: Exchange): Response => {
    exchange.reply = "refused";
    if (storm === undefined) throw new Error("no storm");
    const { kind } = storm;
    storm.left--;
    exchange.fault = kind;
    if (storm.left <= 0) storm = undefined;
    if (kind === "unauthorized") return problem(401, "unauthorized");
    return problem(429, "too_many_requests", kind === "storm" ? {} : { "retry-after": "0.01" });
  };

  return {
    trace,
    fired,
    arm: (client = "*") => {
      armed = client;
      keepsHistory = true;
    },
    disarm: () => {
      armed = undefined;
      storm = undefined;
    },
    idle: async () => {
      while (late.size > 0) await Promise.allSettled([...late]);
    },
    fetch: async (request, gone = request.signal) => {
      const { method, url, headers } = request;
      const { pathname, search } = new URL(url);
      const client = headers.get(clientHeader) ?? "";
      const bytes = new Uint8Array(await request.arrayBuffer());
      const body = new TextDecoder().decode(bytes);
      const exchange: Exchange = {
        arrived: ticks(),
        client,
        method,
        path: pathname,
        ...about(method, pathname, body),
        body,
        reply: "pending",
      };
      trace.push(exchange);
      const again = (): Request =>
        new Request(`${url.slice(0, url.length - search.length)}${search}`, {
          method,
          headers,
          body: bytes.byteLength === 0 ? null : bytes,
        });
      const label = labelOf(exchange);
      const nth = counts.get(label) ?? 0;
      if (armed === "*" || armed === client) {
        counts.set(label, nth + 1);
        if (storm !== undefined) return stormed(exchange);
        const kind = decide(exchange, label, nth);
        if (kind !== undefined && applies(kind, exchange)) return trouble(kind, exchange, again, gone);
      }
      const answer = await commit(exchange, again);
      exchange.reply = "answered";
      return response(answer);
    },
  };
};
