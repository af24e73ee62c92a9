import { defaultTraits, type Traits, traits } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { nearest } from "../nearest.ts";

const isTrait = (name: string): name is keyof Traits => Object.hasOwn(traits, name);

/** `name=value` texts as traits, the others at their defaults. Throws `usage`. */
export const readTraits = (texts: readonly string[]): Traits => {
  const given: Record<string, string> = {};
  for (const text of texts) {
    const [name = "", value = ""] = text.split(/=(.*)/s);
    if (!isTrait(name)) {
      const hint = nearest(name, Object.keys(traits), "traits are");
      throw new DeployerError("usage", `there is no trait ${JSON.stringify(name)}`, { hint });
    }
    const known: readonly string[] = traits[name];
    if (!known.includes(value)) {
      const hint = `give it one of: ${known.join(", ")}`;
      throw new DeployerError("usage", `the trait ${name} is ${JSON.stringify(value)}`, { hint });
    }
    given[name] = value;
  }
  return { ...defaultTraits, ...given };
};
