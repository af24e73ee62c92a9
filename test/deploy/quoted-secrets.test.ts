import { expect, it } from "vitest";
import { expectClean, key, on, quotes, rejecting } from "../support/quoting.ts";
import { env, opened, projectFolder, startedService, tenant } from "./project-folder.ts";

it("what cannot be read is told without the secrets that the target quotes", async () => {
  const dir = await projectFolder({
    "tenants/t001.yaml": "id: t001\nconnectors: { crm: { datatypes: { contact: false } } }\n",
    "tenants/t002.yaml": tenant("t002", "state: absent\n"),
  });
  const service = await startedService();
  let isRefused = false;
  const refusing = on("GET", "/source", rejecting(501, quotes()));
  const fetch = async (request: Request): Promise<Response> =>
    isRefused ? refusing(request, async () => service.fetch(request)) : service.fetch(request);
  const project = await opened(dir, { ...service, fetch }, { env: { ...env, CRM_KEY: key } });
  await project.apply(await project.plan(), {});
  isRefused = true;
  const { items } = await project.status();
  expect(items.some(({ health, reason = "" }) => health === "unreadable" && reason.includes("501"))).toBe(true);
  expectClean(items);
});
