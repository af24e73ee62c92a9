import type { ReportEvent } from "../engine/index.ts";
import { printable } from "./escape.ts";
import { healthLine } from "./health.ts";
import { symbolOf } from "./plan-lines.ts";
import { styleOf } from "./style.ts";
import { dotted, formatValue } from "./value.ts";
import { counted, duration } from "./words.ts";

/** One line on what happened, or undefined where plain output says nothing. No line feed at the end. */
export const renderEvent = (event: ReportEvent, options: { readonly colour: boolean }): string | undefined => {
  const style = styleOf(options.colour);
  switch (event.code) {
    case "change-ended": {
      const reason = event.reason === undefined ? "" : `: ${printable(event.reason)}`;
      const outcome = event.outcome === "done" ? "done" : style.red(event.outcome);
      return `${symbolOf(event.op, style)} ${printable(event.resource)} ${outcome}${reason}`;
    }
    case "wave-started":
      return `wave ${printable(event.wave)}: ${counted(event.changes, "change")}`;
    case "wave-skipped":
      return style.yellow(
        `wave ${printable(event.wave)} is skipped with ${counted(event.changes, "change")}: ${printable(event.because)}`,
      );
    case "echo-differs":
      return event.fields
        .map((field) => {
          const kept = `keeps ${formatValue(field.to)} where ${formatValue(field.from)} was sent`;
          return `${style.cyan("i")} ${printable(event.resource)} ${dotted(field.path)}: the target ${kept}`;
        })
        .join("\n");
    case "tenant-refused": {
      const { tenant, guard, message } = event.refusal;
      const who = tenant === undefined ? "the run" : `tenant ${printable(tenant)}`;
      return style.yellow(`! ${who} is refused (${guard}): ${printable(message)}`);
    }
    case "lease-taken-over":
      return style.yellow(
        `lease of tenant ${printable(event.tenant)} taken over from ${printable(event.holder)}, which ended`,
      );
    case "wait-started": {
      const wave = event.wave === undefined ? "" : ` of wave ${printable(event.wave)}`;
      const what = `${counted(event.resources, "resource")}${wave} to become healthy`;
      return event.resources === 0 ? undefined : `waiting for ${what}, at most ${duration(event.timeout)}`;
    }
    case "health":
      return event.healthy === undefined
        ? undefined
        : healthLine(event.resource, { ...event, healthy: event.healthy }, style);
    // Diagnostics are collected and shown together.
    case "settling":
      return `waiting ${Math.ceil(event.ms / 1000)} s: an interrupted run may have ${counted(event.intents, "request")} under way`;
    case "warning":
    case "observe-started":
    case "observe-ended":
    case "apply-started":
    case "change-started":
    case "wait-ended":
    case "apply-ended":
      return undefined;
    default:
      return event satisfies never;
  }
};
