import { describe, expect, it } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { createPreviewer } from "../../src/pulumi/whole-tenant/preview.ts";
import { system } from "../deploy/project-folder.ts";
import { declared, errorOf, make, type Provider, tenantStage } from "../support/pulumi/tenant-stage.ts";
import { type Answer, expectClean, key, on, quotes, rejecting, saying } from "../support/quoting.ts";

const name = "PLANTED-set é\nline2";
const words = `${quotes()} ${quotes(name)} 987654`;
const set = { timeout: 987654, base_url: name };

const scene = async () => {
  const stage = await tenantStage({ "connectors/crm/templates/system.yaml": system });
  stage.env["CRM_KEY"] = key;
  return {
    ...stage,
    quoting: (answer: Answer) => stage.intercept((request, pass) => answer(request, () => pass(request))),
  };
};

const failed = async (work: Promise<unknown>) => {
  const error = await errorOf(work);
  expectClean(error.message);
  expect(error.message).not.toContain("987654");
  expectClean(error["reasons"] ?? []);
  expectClean(`${error}: ${error.stack}`);
  expect(`${error}: ${error.stack}`.split(error.message)).toHaveLength(2);
  return error;
};

const problemsOf = (state: Properties | undefined): Properties => {
  const { resources, problems } = state ?? {};
  return { resources: resources ?? null, problems: problems ?? null };
};

const made = async (provider: Provider) => make(provider, declared({ set }));

describe("a target that quotes what it was sent", () => {
  it("gives no secret away where a deployment is done in part", async () => {
    const { start, quoting } = await scene();
    const { inputs = {} } = await start().check({}, declared({ set }));
    quoting(on("POST", "/source", rejecting(400, words)));
    const error = await failed(start().create(inputs));
    expect(error.message).toContain("400");
    if (error["properties"] !== undefined) expectClean(problemsOf(error["properties"] as Properties));
    quoting(on("PUT", "/import", rejecting(400, words)));
    const partial = await failed(start().create(inputs));
    expect(partial["reasons"]).not.toEqual([]);
    const recorded = problemsOf(partial["properties"] as Properties);
    expectClean(recorded);
    expect(JSON.stringify(recorded)).toContain("[redacted]");
  });

  it("gives no secret away in what it says of health", async () => {
    const { start, quoting } = await scene();
    quoting(on("GET", "/source", saying(`http://127.0.0.1:9: connection refused: ${words}`)));
    const { id, outs } = await made(start());
    const state = problemsOf(outs);
    expectClean(state);
    expect(JSON.stringify(state)).toContain("connection refused: key [redacted]");
    const { props = {} } = await start().read(id, outs);
    expectClean(problemsOf(props));
    expect(JSON.stringify(props)).toContain("connection refused: key [redacted]");
  });

  it("gives no secret away where a look or a delete is refused", async () => {
    const { start, quoting } = await scene();
    const { id, outs } = await made(start());
    quoting(on("GET", "/source", rejecting(403, words)));
    expect((await failed(start().read(id, outs))).message).toContain("403");
    quoting(on("DELETE", "/", rejecting(403, words)));
    expect((await failed(start().delete(id, outs))).message).toContain("403");
  });

  it("gives no secret away in a preview", async () => {
    const stage = await scene();
    const refusing = on("GET", "/source", rejecting(403, words));
    const show = createPreviewer({
      env: stage.env,
      dir: stage.folder,
      clock: Date.now,
      sleep: async () => undefined,
      fetch: (request) => refusing(request, async () => stage.service.fetch(request)),
    });
    const notes = await show(declared({ set }));
    expect(notes.some(({ text }) => text.includes("403"))).toBe(true);
    expectClean(notes);
  });
});
