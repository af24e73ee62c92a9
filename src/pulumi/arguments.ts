import type { Input } from "@pulumi/pulumi";

/** Where a credential is read from when it is needed; never the value itself. Files are relative to `Pulumi.yaml`. */
export type CredentialSource = { readonly env: string } | { readonly file: string };

/** Where a resource is deployed to. What is left out is read from the environment variable that is named here. */
export type CredentialTarget = {
  /** Base address of the API. Default: INFINO_ENDPOINT. */
  readonly endpoint?: CredentialSource | undefined;
  /** Default: INFINO_ACCESS_KEY. */
  readonly accessKey?: CredentialSource | undefined;
  /** Default: INFINO_SECRET_KEY. */
  readonly secretKey?: CredentialSource | undefined;
};

/** A target of a project folder, with its credentials' sources, traits and times. */
export type ProjectTarget = {
  /** The project's folder, relative to `Pulumi.yaml`. */
  readonly project: string;
  /** A file under the project's `environments/`. Default: `default`. */
  readonly environment?: string | undefined;
  /** A name under the project's `targets:`. Default: `default`. */
  readonly name?: string | undefined;
};

export type TargetArgs = CredentialTarget | ProjectTarget;

/** Where to find a resource that this program only looks up. */
export type LookupArgs = {
  /** The target that it is on, and where its credentials are read from. Default: the three environment variables. */
  readonly target?: TargetArgs | undefined;
  /** Files of your own connector types, JSON or YAML, relative to `Pulumi.yaml`. Default: none. */
  readonly catalog?: readonly string[] | undefined;
};

/** Arguments that every class takes. */
export type CommonArgs = LookupArgs & {
  /** Takes over the one existing object of the same name instead of failing. Default false. */
  readonly adopt?: Input<boolean> | undefined;
  /** An update also overwrites what somebody else changed since the last `pulumi refresh`. Default false. */
  readonly overwriteDrift?: Input<boolean> | undefined;
};
