import type { dynamic } from "@pulumi/pulumi";
import { equal } from "../../canonical.ts";
import type { Properties } from "../../contract/index.ts";
import { unknownPaths } from "../lifecycle/unknown.ts";
import { argumentNames } from "./arguments.ts";

/** Another one of these is another deployment. */
const identity = ["environment", "tenant"] as const;

/** Pure: what the files ask for stands in both as a digest, and what is left to do in what was recorded. */
export const diff = (olds: Properties, news: Properties): dynamic.DiffResult => {
  const names = [...argumentNames, "desired"];
  const changed = names.filter((name) => !equal(olds[name], news[name]));
  const replaces = identity.filter((name) => changed.includes(name));
  return {
    changes: changed.length > 0 || unknownPaths(news).length > 0 || olds["pending"] === true,
    replaces: [...replaces],
    // Made first and deleted then, the new one would lose what both have.
    deleteBeforeReplace: replaces.length > 0,
  };
};
