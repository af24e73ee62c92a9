import type { Change, Entity, Json, Path, Plan, Sealed } from "../contract/index.ts";
import { address, changeResource, eachSealed, mapSealed } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Rim } from "./types.ts";

/** An interrupted replacement that is only finished sends no secret: the plan after it sees one that changed since. */
const isWritten = (change: Change): boolean =>
  ["insert", "update", "replace"].includes(change.op) && change.resumes === undefined;

type Found = { readonly missing: Map<string, DeployerError>; readonly moved: string[]; readonly unresolved: string[] };

const named = (name: string, path: Path): string => `${name} ${path.slice(1).replaceAll("/", ".")}`;

/** A change with the fingerprints that its unresolved secrets have by now. */
const resolved = (change: Change, prints: ReadonlyMap<Path, string>): Change => {
  if (prints.size === 0) return change;
  const fill = (path: Path, sealed: Sealed): Json => {
    const fingerprint = prints.get(path);
    return fingerprint === undefined || sealed.fingerprint !== undefined ? sealed : { ...sealed, fingerprint };
  };
  const { $based_on: before, ...rest } = change.entity;
  const entity = mapSealed(rest, fill) as Entity;
  return { ...change, entity: before === undefined ? entity : { ...entity, $based_on: before } };
};

const checkChange = async <Api>(rim: Rim<Api>, change: Change, found: Found): Promise<Change> => {
  const name = address(change.kind, change.entity._id);
  const sealed: { path: Path; text: string; fingerprint: string | undefined }[] = [];
  eachSealed(changeResource(change).properties, (path, value) => {
    sealed.push({ path, text: value.$secret, fingerprint: value.fingerprint });
  });
  const prints = new Map<Path, string>();
  for (const { path, text, fingerprint } of sealed) {
    try {
      const now = rim.fingerprint(name, path, await rim.secret(change.tenant, text));
      if (fingerprint === undefined) {
        prints.set(path, now);
        found.unresolved.push(named(name, path));
      } else if (fingerprint !== now) found.moved.push(named(name, path));
    } catch (error) {
      if (!(error instanceof DeployerError)) throw error;
      found.missing.set(error.message, error);
    }
  }
  return resolved(change, prints);
};

/**
 * All secrets that the plan needs: there, and the ones that it was made with. Nothing is written before. Gives the plan
 * with the secrets that had no value when it was made, where those are accepted.
 */
export const checkSecrets = async <Api>(
  rim: Rim<Api>,
  plan: Plan,
  isOpen: (change: Change) => boolean,
  acceptUnresolved: boolean,
): Promise<Plan> => {
  const found: Found = { missing: new Map(), moved: [], unresolved: [] };
  const changes: Change[] = [];
  for (const change of plan.changes) {
    changes.push(isOpen(change) && isWritten(change) ? await checkChange(rim, change, found) : change);
  }
  const first = [...found.missing.values()][0];
  if (first !== undefined) {
    throw new DeployerError(first.code, [...found.missing.keys()].sort().join("; "), {
      hint: first.hint ?? "set what is missing and run the same command again; nothing was written",
    });
  }
  if (found.moved.length > 0) {
    throw new DeployerError(
      "stale-plan",
      `secrets changed since the plan was made: ${found.moved.slice(0, 10).join(", ")}`,
      { hint: "plan again" },
    );
  }
  if (found.unresolved.length > 0 && !acceptUnresolved) {
    throw new DeployerError(
      "stale-plan",
      `secrets had no value when the plan was made: ${found.unresolved.slice(0, 10).join(", ")}`,
      { hint: "plan again where they are set, or write what they are now with --accept-unresolved" },
    );
  }
  return { ...plan, changes };
};
