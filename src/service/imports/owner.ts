import { createHash } from "node:crypto";
import type { ImportJobRecord, State } from "../state.ts";

/**
 * What marks the records of a job in its dataset, from its first run on. A job is known by its connection's name and its
 * target: one that takes the place of a deleted one takes over its records. Another one beside it has a mark of its own.
 */
export const ownerOf = (state: State, record: ImportJobRecord): string => {
  if (record.owner !== undefined) return record.owner;
  const { source_id, target_dataset } = record.config;
  const name = state.connections.get(String(source_id))?.config["name"] ?? source_id ?? null;
  const identity = JSON.stringify([record.source_type, name, target_dataset ?? null]);
  const shared = `place-${createHash("sha256").update(identity).digest("hex").slice(0, 24)}`;
  const isTaken = Array.from(state.importJobs.values()).some((other) => other.owner === shared);
  const owner = isTaken ? record.id : shared;
  state.importJobs.put(record.id, { ...record, owner });
  return owner;
};
