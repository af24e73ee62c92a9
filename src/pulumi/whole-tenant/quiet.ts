import type { Properties } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import { withoutTexts } from "../../infino/index.ts";
import { placeOf, setOf } from "./arguments.ts";
import { hiddenWords } from "./failure.ts";
import type { Session } from "./session.ts";
import { withoutFolder } from "./wording.ts";

/**
 * Words that a target may have had a part in, without the values of the tenant's secrets and of `set`, and without this
 * machine's folders. The last state says which files and settings are meant.
 */
export const quietTexts = async (
  { rim, withProject }: Pick<Session, "rim" | "withProject">,
  states: readonly Properties[],
  texts: readonly string[],
): Promise<readonly string[]> => {
  if (texts.length === 0) return texts;
  const last = states.at(-1) ?? {};
  const [place, set, hidden] = [placeOf(last), setOf(last), hiddenWords(states)];
  // All at once: what is taken out first may be a part of something longer.
  const quiet = await withProject(
    place,
    Object.keys(set).length === 0 ? undefined : set,
    (project) => project.withoutSecrets(place.tenant, texts, hidden),
    // A folder that cannot be opened has no secrets, and its target was never asked.
  ).catch(() => texts.map((text) => withoutTexts(text, hidden)));
  return quiet.map((text) => withoutFolder(rim.dir, text));
};

/** A state whose words are quiet: what is said of each resource, and of what was not done. */
export const quietState = async (
  session: Pick<Session, "rim" | "withProject">,
  states: readonly Properties[],
  state: Properties,
): Promise<Properties> => {
  const { resources, problems } = state;
  const reports = isObject(resources) ? Object.entries(resources) : [];
  const said = reports.flatMap(([, report]) =>
    isObject(report) && typeof report["problem"] === "string" ? [report["problem"]] : [],
  );
  const left = isObject(problems) ? Object.entries(problems) : [];
  const texts = [...said, ...left.map(([, text]) => String(text))];
  if (texts.length === 0) return state;
  const quiet = await quietTexts(session, states, texts);
  const by = new Map(texts.map((text, index) => [text, quiet[index] ?? ""]));
  return {
    ...state,
    resources: Object.fromEntries(
      reports.map(([name, report]) => [
        name,
        isObject(report) && typeof report["problem"] === "string"
          ? { ...report, problem: by.get(report["problem"]) ?? "" }
          : report,
      ]),
    ),
    problems: Object.fromEntries(left.map(([name, text]) => [name, by.get(String(text)) ?? ""])),
  };
};
