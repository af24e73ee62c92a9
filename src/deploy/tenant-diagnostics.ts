import picomatch from "picomatch";
import type { Component, Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { ProjectFiles } from "../manifest/index.ts";
import { nearest } from "../nearest.ts";
import { infinoKinds } from "../resources/index.ts";
import type { ReadTenant } from "./read-tenants.ts";
import type { IndexEntry } from "./tenant-index.ts";

export const keyOf = (resource: Resource): string =>
  infinoKinds.find((kind) => kind.name === resource.kind)?.key(resource.properties) ?? resource._id;

/** Rules of the project that name a kind that there is not: they would protect or ignore nothing. */
export const ruleDiagnostics = (files: ProjectFiles): readonly Diagnostic[] => {
  const kinds = infinoKinds.map((kind) => kind.name);
  const names = (glob: string): boolean => kinds.some((kind) => picomatch.isMatch(kind, glob));
  const wrong = (rule: string, value: string, kind: string): Diagnostic[] =>
    names(kind)
      ? []
      : [
          {
            code: "invalid-value",
            severity: "error",
            message: `${rule} "${value}" names no kind of resource`,
            hint: `write KIND/_ID; ${nearest(kind, kinds, "kinds are")}`,
            location: { file: "connector-deployer.yaml", line: 1, column: 1 },
          },
        ];
  return [
    ...files.protected.flatMap((glob) => {
      // `**` alone is everything.
      const kind = glob === "**" ? "*" : glob.includes("/") ? glob.slice(0, glob.indexOf("/")) : "";
      return wrong("protected:", glob, kind === "" ? "(none)" : kind);
    }),
    ...files.ignore.flatMap(({ kind }) => wrong("ignore:", kind, kind)),
    ...Object.keys(files.on_drift.kinds).flatMap((kind) => wrong("on_drift:", kind, kind)),
  ];
};

/** Names what two tenants share: only now are both looked at in full. */
export const clashDiagnostics = (a: ReadTenant, b: ReadTenant): readonly Diagnostic[] => {
  const diagnostics: Diagnostic[] = [];
  const component = (of: ReadTenant, _id: string): Component | undefined =>
    of.expansion.components.find((item) => item._id === _id);
  const report = (code: Diagnostic["code"], _id: string, message: string): void => {
    const own = component(b, _id);
    const location = own === undefined ? undefined : b.expansion.locate(own, "");
    diagnostics.push({
      code,
      severity: "error",
      message,
      hint: "use <<@ system @>> in the name, so that each tenant has its own",
      ...(location === undefined ? {} : { location }),
      tenant: b.tenant.id,
      component: _id,
    });
  };
  const ids = new Set(a.resources.map((item) => address(item.kind, item._id)));
  const keys = new Map(a.resources.map((item) => [address(item.kind, keyOf(item)), item]));
  for (const item of b.resources) {
    if (ids.has(address(item.kind, item._id))) {
      report(
        "duplicate-id",
        item._id,
        `tenants ${a.tenant.id} and ${b.tenant.id} both have the ${item.kind} "${item._id}"`,
      );
      continue;
    }
    const other = keys.get(address(item.kind, keyOf(item)));
    if (other === undefined) continue;
    report(
      "duplicate-natural-key",
      item._id,
      `"${item._id}" of tenant ${b.tenant.id} and "${other._id}" of tenant ${a.tenant.id} would be the same ${item.kind} on the target: ${keyOf(item)}`,
    );
  }
  return diagnostics;
};

export type Invalid = { readonly id: string; readonly file: string; readonly diagnostics: readonly Diagnostic[] };

/** One warning for all tenants that have the same trouble, such as with a value of `--set` that they do not know. */
export const notSelected = (invalid: readonly Invalid[]): readonly Diagnostic[] => {
  const firstOf = ({ diagnostics }: Invalid): Diagnostic | undefined =>
    diagnostics.find((diagnostic) => diagnostic.severity === "error");
  const alike = Map.groupBy(invalid, (item) => firstOf(item)?.message.replaceAll(item.id, "*"));
  return [...alike.values()].flatMap((items) => {
    const [item] = items;
    if (item === undefined) return [];
    const first = firstOf(item);
    const why = first?.message ?? "it cannot be read";
    return {
      code: "invalid-tenant-not-selected",
      severity: "warning",
      message:
        items.length === 1
          ? `tenant ${item.id} is not selected and is invalid: ${why}`
          : `${items.length} tenants that are not selected are invalid, such as ${item.id}: ${why}`,
      hint: items.length === 1 ? `connector-deployer validate -t ${item.id}` : "connector-deployer validate",
      location: first?.location ?? { file: item.file, line: 1, column: 1 },
      tenant: item.id,
    };
  });
};

export const duplicateTenants = (
  entries: ReadonlyMap<string, Pick<IndexEntry["tenant"], "id">>,
): readonly Diagnostic[] => {
  const files = new Map<string, string>();
  return [...entries].flatMap(([file, { id }]): Diagnostic[] => {
    const other = files.get(id);
    if (other === undefined) {
      files.set(id, file);
      return [];
    }
    return [
      {
        code: "duplicate-tenant",
        severity: "error",
        message: `the tenant id "${id}" stands in ${other} and in ${file}`,
        hint: "give one of them another id",
        location: { file, line: 1, column: 1 },
        tenant: id,
      },
    ];
  });
};
