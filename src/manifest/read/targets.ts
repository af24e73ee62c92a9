import type { Path } from "../../contract/index.ts";
import { hasReference, joinPath } from "../../contract/index.ts";
import type { Collector } from "../collect.ts";
import type { Value } from "../expand/scope.ts";
import { trustedValue } from "../expand/variables.ts";
import type { Source } from "../parse/source.ts";
import type { ProjectContent } from "../schemas/project.ts";
import type { TargetFile } from "../types.ts";
import { milliseconds } from "./duration.ts";
import { spotIn } from "./folder.ts";
import type { Locate } from "./validate.ts";

/** Targets with their durations in milliseconds; their texts stay as they are. */
export const targetFiles = ({ targets }: ProjectContent): { readonly [name: string]: TargetFile } =>
  Object.fromEntries(
    Object.entries(targets).map(([name, target]): [string, TargetFile] => [
      name,
      {
        ...target,
        request_timeout: milliseconds(target.request_timeout),
        settle: milliseconds(target.settle),
        verify: milliseconds(target.verify),
      },
    ]),
  );

/** What `service_url` is for the tenants of each target. */
export const serviceUrls = ({ targets }: ProjectContent, sources: readonly Source[]): ReadonlyMap<string, Value> => {
  const [first] = sources;
  const values = Object.entries(targets).flatMap(([name, { service_url, endpoint }]): [string, Value][] => {
    const path = `${joinPath("/targets", name)}/${service_url === undefined ? "endpoint" : "service_url"}`;
    const spot = spotIn(sources, path) ?? (first && { source: first, start: 0, end: 1 });
    const from = service_url === undefined ? "target endpoint" : "target service_url";
    return spot === undefined ? [] : [[name, trustedValue(service_url ?? endpoint, from, spot)]];
  });
  return new Map(values);
};

export type ProjectText = { readonly text: string; readonly path: Path };

/** Texts of the project that credentials may stand in, or be named by. */
export const credentialTexts = ({ targets, ledger, ledger_key }: ProjectContent): readonly ProjectText[] => [
  ...Object.entries(targets).flatMap(([name, { endpoint, access_key, secret_key, service_url }]): ProjectText[] => {
    const path = joinPath("/targets", name);
    return [
      { text: endpoint, path: `${path}/endpoint` },
      { text: access_key, path: `${path}/access_key` },
      { text: secret_key, path: `${path}/secret_key` },
      ...(service_url === undefined ? [] : [{ text: service_url, path: `${path}/service_url` }]),
    ];
  }),
  { text: ledger, path: "/ledger" },
  ...(ledger_key === undefined ? [] : [{ text: ledger_key, path: "/ledger_key" }]),
];

/** Reports keys that stand in the project in clear. */
export const checkPlainSecrets = (texts: readonly ProjectText[], locate: Locate, collect: Collector): void => {
  for (const { text, path } of texts) {
    if (!/\/(secret_key|ledger_key)$/.test(path) || hasReference(text)) continue;
    const { text: _, ...place } = locate(path) ?? { file: "connector-deployer.yaml", line: 1, column: 1 };
    const name = path.slice(path.lastIndexOf("/") + 1);
    const hint = "write $SECRET(name) and declare the name under secrets:, or $ENV(NAME)";
    collect.error("plain-secret", place, `${name} stands here in clear`, hint);
  }
};
