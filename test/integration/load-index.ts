/** A record of a test index. */
export type TestRecord = { readonly [field: string]: unknown };

export type TestIndex = {
  readonly url: string;
  readonly index: string;
  readonly records: number;
  readonly shards?: number;
  readonly mappings?: object;
  /** Default: `{n, name}`. `_id` is `r` and the number. */
  readonly record?: (n: number) => TestRecord;
};

const atOnce = 10_000;

/** One request to a search server; throws where it does not answer 2xx. */
export const toServer = async (method: string, url: string, body?: string | object): Promise<unknown> => {
  const isText = typeof body === "string";
  const answer = await fetch(url, {
    method,
    headers: { "content-type": isText ? "application/x-ndjson" : "application/json" },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
};

/** Adds or changes records, and makes them visible. */
export const putRecords = async (
  { url, index }: { readonly url: string; readonly index: string },
  records: Iterable<readonly [id: string, record: TestRecord]>,
): Promise<void> => {
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    const answer = (await toServer("POST", `${url}/${index}/_bulk`, `${lines.join("\n")}\n`)) as { errors: boolean };
    if (answer.errors) throw new Error(`records were refused: ${JSON.stringify(answer).slice(0, 500)}`);
    lines = [];
  };
  for (const [id, record] of records) {
    lines.push(JSON.stringify({ index: { _id: id } }), JSON.stringify(record));
    if (lines.length === 2 * atOnce) await flush();
  }
  if (lines.length > 0) await flush();
  await toServer("POST", `${url}/${index}/_refresh`);
};

/** Makes an index anew, with records numbered from 0. Only what `mappings` names can be searched. */
export const loadIndex = async (options: TestIndex): Promise<void> => {
  const { url, index, records, shards = 1, mappings = {}, record = (n) => ({ n, name: `record ${n}` }) } = options;
  await fetch(`${url}/${index}`, { method: "DELETE" });
  await toServer("PUT", `${url}/${index}`, {
    settings: { number_of_shards: shards, number_of_replicas: 0, refresh_interval: "-1" },
    mappings: { dynamic: false, properties: mappings },
  });
  const numbered = function* (): Generator<readonly [string, TestRecord]> {
    for (let n = 0; n < records; n++) yield [`r${n}`, record(n)];
  };
  await putRecords({ url, index }, numbered());
};
