import type { Change } from "../../src/contract/index.ts";
import type { JournalEvent } from "../support/fault-ledger.ts";
import type { Stage } from "./stage.ts";

/** Everything that happened, in order: for a person who looks into a seed. */
export const tell = (name: string, delays: string, stage: Stage): void => {
  const lines = [
    ...stage.log.map(({ tick, what }) => ({ tick, text: `== ${what}` })),
    ...stage.faults.trace.map((exchange) => ({
      tick: exchange.arrived,
      text: `   #${exchange.client} ${exchange.verb} ${exchange.kind} ${exchange.id ?? exchange.key ?? ""} ${exchange.made ?? ""} ${exchange.reply} ${exchange.fault ?? ""}`,
    })),
    ...stage.journal.map((event) => ({ tick: event.tick, text: `   ledger: ${tellEvent(event)}` })),
  ];
  const all = lines.sort((a, b) => a.tick - b.tick).map(({ tick, text }) => `${tick} ${text}`);
  process.stdout.write(`${name}, ${delays} settle\n${all.join("\n")}\n`);
};

const tellEvent = (event: JournalEvent): string => {
  const of = ({ op, kind, entity, id }: Change): string => `${op} ${kind}/${entity._id} ${id ?? ""}`;
  const place = `${event.op} ${event.tenant} ${event.epoch}`;
  if (event.op === "intend") return `${place} ${event.intents.map(({ change }) => of(change)).join(", ")}`;
  if (event.op === "acked") return `${place} ${of(event.change)} → ${event.id}`;
  if (event.op === "settle") return `${place} ${of(event.change)}: ${event.outcome}, now ${event.now?.id}`;
  return place;
};
