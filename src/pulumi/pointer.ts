/** Type token of a class. */
export const resourceType = (name: string): string => `pulumi-nodejs:dynamic/connector-deployer:${name}`;

/**
 * The whole provider that a resource's state holds: a program for Pulumi's host that loads today's code. It is the same
 * on every machine, and old states keep pointing at `providers/v1`, so what that accepts never changes.
 */
export const pointer = (kind: string): string =>
  `exports.handler=()=>require("module").createRequire(process.cwd()+"/")("connector-deployer/providers/v1/${kind}");`;
