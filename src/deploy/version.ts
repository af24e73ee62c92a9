import { createRequire } from "node:module";

const manifest = createRequire(import.meta.url)("../../package.json") as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

/** How plans and reports name what made them. */
export const tool = `connector-deployer/${manifest.version}`;

/** The oldest major version of Node that it runs on. */
export const engines = { node: Number(/\d+/.exec(manifest.engines.node)?.[0]) };
