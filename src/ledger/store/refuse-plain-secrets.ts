import type { Base, Path } from "../../contract/index.ts";
import { at, eachSealed, isSealed, joinPath } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";

/**
 * Throws `internal` where an entry would hold a secret in clear: beside a sealed value's own members, or in what was read
 * back at a path that was written as a secret.
 */
export const refusePlainSecrets = (base: Base): void => {
  const { kind, _id } = base.resource;
  const refuse = (path: Path) => {
    throw new DeployerError(
      "internal",
      `the ledger's entry for ${kind}/${_id} would hold a secret in clear at ${path}; it takes sealed values only`,
      { details: { kind, _id, path } },
    );
  };
  for (const picture of [base.resource.properties, base.applied, base.echo]) {
    eachSealed(picture, (path, sealed) => {
      const stray = Object.keys(sealed).find((member) => member !== "$secret" && member !== "fingerprint");
      if (stray !== undefined) refuse(joinPath(path, stray));
    });
  }
  eachSealed(base.applied, (path) => {
    const read = at(base.echo, path);
    if (read !== undefined && read !== null && !isSealed(read)) refuse(path);
  });
};
