import { createRequire } from "node:module";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** How plans and reports name what made them. */
export const tool = `connector-deployer/${version}`;
