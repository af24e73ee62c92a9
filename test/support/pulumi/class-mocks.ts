import type { Output, Resource } from "@pulumi/pulumi";
import { pulumi } from "../../../src/pulumi/sdk.ts";

export type Registered = {
  readonly type: string;
  readonly name: string;
  readonly inputs: { readonly [name: string]: unknown };
  readonly protect: boolean;
  readonly aliases: readonly string[];
  readonly secretOutputs: readonly string[];
  readonly deletesFirst: boolean;
  readonly hidden: readonly string[];
  readonly ignoreChanges: readonly string[];
};

type Request = {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): { readonly [name: string]: unknown } } | undefined;
  getProtect(): boolean;
  getAliasesList(): readonly { getSpec(): { getName(): string } | undefined }[];
  getAdditionalsecretoutputsList(): readonly string[];
  getDeletebeforereplace(): boolean;
  getHidediffsList(): readonly string[];
  getIgnorechangesList(): readonly string[];
};

type Monitor = { registerResource(request: Request, callback: unknown): unknown };

/** A monitor whose answers are the inputs with `state` over them; gives what is registered from now on. */
export const mockMonitor = async (
  state: (type: string) => { readonly [name: string]: unknown },
): Promise<readonly Registered[]> => {
  await pulumi.runtime.setMocks({
    newResource: ({ type, id, inputs }) => ({
      id: id !== undefined && id !== "" ? id : "live-1",
      state: { ...inputs, ...state(type) },
    }),
    call: () => ({}),
  });
  const registered: Registered[] = [];
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    registered.push({
      type: request.getType(),
      name: request.getName(),
      inputs: request.getObject()?.toJavaScript() ?? {},
      protect: request.getProtect(),
      aliases: request.getAliasesList().map((alias) => alias.getSpec()?.getName() ?? ""),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      deletesFirst: request.getDeletebeforereplace(),
      hidden: request.getHidediffsList(),
      ignoreChanges: request.getIgnorechangesList(),
    });
    return register(request, callback);
  };
  return registered;
};

/** The value of an output; undefined where nothing has set it. */
export const resolved = (resource: Resource, name: string): Promise<unknown> =>
  new Promise((resolve) => {
    const output = (resource as unknown as { readonly [name: string]: Output<unknown> | undefined })[name];
    if (output === undefined) resolve(undefined);
    else pulumi.unsecret(output).apply(resolve);
  });
