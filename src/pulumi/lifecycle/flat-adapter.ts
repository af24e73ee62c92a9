import { builtinCatalog } from "../../catalog/index.ts";
import type { Json, Path, Properties } from "../../contract/index.ts";
import { segments } from "../../contract/index.ts";
import { type Adapter, kindNamed } from "./adapter.ts";
import { unknownPaths, unknownText } from "./unknown.ts";

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** One part that is not known yet makes the whole unknown: the kind may write it as one text. */
const known = (value: Json): Json => (unknownPaths(value).length > 0 ? unknownText : value);

/** Of a kind whose properties are all at one level: the class's arguments are the same in camel case. */
export const flatAdapter = (kindName: string, names: readonly string[], more: Partial<Adapter> = {}): Adapter => {
  const kind = kindNamed(kindName);
  const pairs = names.map((name) => [name, camel(name)] as const);
  return {
    kind,
    fields: pairs.map(([, argument]) => argument),
    properties: (inputs) => {
      const properties: Properties = Object.fromEntries(
        pairs.flatMap(([name, argument]) => {
          const value = inputs[argument];
          return value === undefined ? [] : [[name, known(value)]];
        }),
      );
      const component = { tenant: "", connector: "", system: "", _id: "", type: kindName, properties };
      return kind.properties(component, { catalog: builtinCatalog(), component: () => undefined });
    },
    inputs: (properties) =>
      Object.fromEntries(
        pairs.flatMap(([name, argument]) => (properties[name] === undefined ? [] : [[argument, properties[name]]])),
      ),
    argument: (path: Path) =>
      segments(path)
        .map((segment, index) => (index === 0 ? camel(segment) : segment))
        .join("."),
    isShown: (path) => segments(path).length < 2,
    ...more,
  };
};
