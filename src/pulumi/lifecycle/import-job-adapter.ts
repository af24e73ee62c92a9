import { flatAdapter } from "./flat-adapter.ts";

const names = [
  "connection",
  "source",
  "source_dataset",
  "target_dataset",
  "query",
  "schedule",
  "last_modified",
  "primary_key",
] as const;

export const importJobAdapter = flatAdapter("import-job", names, {
  outputs: (id) => ({ jobId: id }),
  problems: (inputs) =>
    inputs["source"] === undefined && inputs["connection"] !== undefined
      ? [
          {
            property: "source",
            message: '"source" is required where "connection" is an id',
            hint: "give the Connection itself as connection, or name its connector type as source",
          },
        ]
      : [],
  isShown: (path) => path !== "" && !path.startsWith("/query"),
});
