import { describe, expect, it } from "vitest";
import { startService } from "../support/service.ts";
import { member } from "../support/signed.ts";

const open = async (runImports = false) => {
  const { call } = await startService({ runImports });
  const config = { name: "wh", account: "of nobody", pat_token: "t", warehouse: "w", database: "d" };
  const source_id = member(await call("POST", "/source/snowflake", { config }), "id");
  return { call, source_id };
};

describe("an import job", () => {
  it("is created, listed and deleted; where none run it stays pending and says why", async () => {
    const { call, source_id } = await open();
    const config = {
      source_id,
      target_dataset: "acme-contacts",
      query: "select planted from contacts",
      schedule: "0 0 * * *",
      source_dataset: "contacts",
      last_modified: "changed_at",
      primary_key: ["id"],
    };
    const created = await call("PUT", "/import/snowflake", config);
    expect(created.status).toBe(200);
    expect(created.body).toEqual({
      job_id: expect.stringMatching(/^job-[0-9a-f]+$/),
      source_id,
      target_dataset: "acme-contacts",
      status: "pending",
      schedule: "0 0 * * *",
      created_at: expect.any(String),
      reason: expect.any(String),
    });
    const list = await call("GET", "/import/jobs");
    expect(list.body).toEqual([created.body]);
    expect(list.text).not.toContain("planted");
    const path = `/import/jobs/${member(created, "job_id")}`;
    expect((await call("DELETE", path)).body).toEqual({ acknowledged: true });
    expect((await call("DELETE", path)).status).toBe(404);
    expect((await call("GET", "/import/jobs")).body).toEqual([]);
  });

  it("may have no schedule and no query", async () => {
    const { call, source_id } = await open();
    const created = await call("PUT", "/import/snowflake", { source_id, target_dataset: "d" });
    expect(created.body).toMatchObject({ status: "pending" });
    expect(created.body).not.toHaveProperty("schedule");
  });

  it("fails with a reason when its connection is deleted, and stays", async () => {
    const { call, source_id } = await open();
    await call("PUT", "/import/snowflake", { source_id, target_dataset: "d" });
    await call("DELETE", `/source/${source_id}`);
    expect((await call("GET", "/import/jobs")).body).toMatchObject([
      { status: "failed", reason: expect.stringContaining(source_id), target_dataset: "d" },
    ]);
  });

  it.each([
    [{ source_id: undefined }, "missing_fields", /source_id/],
    [{ target_dataset: undefined, source_id: "" }, "missing_fields", /source_id, target_dataset/],
    [{ source_id: "conn-none" }, "unknown_connection", /conn-none/],
    [{ source_id: "__proto__" }, "unknown_connection", /__proto__/],
    [{ source_id: 4 }, "invalid_field", /source_id/],
    [{ target_dataset: "Upper" }, "invalid_name", /Upper/],
    [{ target_dataset: "../etc" }, "invalid_name", /etc/],
    [{ target_dataset: "sql" }, "invalid_name", /path word/],
    [{ query: { match_all: {} } }, "invalid_field", /query/],
    [{ primary_key: [1] }, "invalid_field", /primary_key/],
    [{ primary_key: ["id", ""] }, "invalid_field", /primary_key/],
    [{ primary_key: ["id", "id"] }, "invalid_field", /"id" twice/],
    [{ last_modified: true }, "invalid_field", /last_modified/],
    [{ schedule: "*/10 * * * * *" }, "invalid_schedule", /five-field/],
    [{ schedule: "@daily" }, "invalid_schedule", /@daily/],
    [{ schedule: "61 * * * *" }, "invalid_schedule", /61/],
    [{ schedule: "" }, "invalid_schedule", /five-field/],
  ])("is refused with %j: %s", async (change, type, reason) => {
    const { call, source_id } = await open();
    const answer = await call("PUT", "/import/snowflake", { source_id, target_dataset: "d", ...change });
    expect(answer.body).toEqual({ error: { type, reason: expect.stringMatching(reason) }, status: 400 });
    expect((await call("GET", "/import/jobs")).body).toEqual([]);
  });

  it("must be of its connection's type, and of a type that can be imported from", async () => {
    const { call, source_id } = await open();
    const job = { source_id, target_dataset: "d" };
    expect((await call("PUT", "/import/bigquery", job)).body).toMatchObject({
      error: { type: "bad_request", reason: expect.stringMatching(/snowflake, not bigquery/) },
    });
    expect((await call("PUT", "/import/file", job)).body).toMatchObject({ error: { type: "bad_request" } });
    expect((await call("PUT", "/import/oracle", job)).body).toMatchObject({ error: { type: "unknown_source_type" } });
  });

  it("that cannot read says so in its history, where its run can be looked up", async () => {
    const { call } = await startService();
    // Nothing listens there.
    const source_id = member(
      await call("POST", "/source/opensearch", { config: { base_url: "http://127.0.0.1:9" } }),
      "id",
    );
    const created = await call("PUT", "/import/opensearch", { source_id, target_dataset: "d", source_dataset: "i" });
    expect(created.body).toMatchObject({ status: "running", last_run_id: expect.any(String) });
    const path = `/import/jobs/${member(created, "job_id")}`;
    const runs = async () => (await call("GET", `${path}/runs`)).body as readonly { readonly status: string }[];
    await expect.poll(runs, { timeout: 10_000 }).toMatchObject([
      {
        run_id: member(created, "last_run_id"),
        status: "failed",
        connector_id: "opensearch",
        connection_id: source_id,
        index_name: "d",
        trigger: "created",
        error_message: expect.any(String),
        stats: { documents_processed: 0, documents_failed: 0, errors: [] },
      },
    ]);
    expect((await call("GET", "/import/jobs")).body).toMatchObject([{ status: "failed", reason: expect.any(String) }]);
    expect((await call("GET", "/metadata")).body).toEqual([]);
    expect((await call("POST", `${path}/run`)).body).toMatchObject({ trigger: "request", status: "submitted" });
    expect((await call("GET", `${path}/runs`)).body).toHaveLength(2);
    expect((await call("DELETE", path)).status).toBe(200);
    expect((await call("GET", `${path}/runs`)).status).toBe(404);
    expect((await call("POST", `${path}/run`)).status).toBe(404);
  });

  it("cannot be told to run where none run", async () => {
    const { call, source_id } = await open();
    const id = member(await call("PUT", "/import/snowflake", { source_id, target_dataset: "d" }), "job_id");
    expect((await call("POST", `/import/jobs/${id}/run`)).body).toMatchObject({ error: { type: "bad_request" } });
    expect((await call("GET", `/import/jobs/${id}/runs`)).body).toEqual([]);
  });
});
