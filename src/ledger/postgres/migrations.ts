/** Where everything of ours is; other tables of the database are not touched. */
export const schema = "connector_deployer";

/** Text is ordered and compared by its bytes, as in every other ledger. */
const id = `text COLLATE "C" NOT NULL`;

/** Each step takes the schema one version up; steps that were released never change. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE ${schema}.commit_token (
    token text CONSTRAINT commit_token_key PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
  );

  CREATE TABLE ${schema}.ledger_key (environment ${id} PRIMARY KEY, value text NOT NULL);

  CREATE TABLE ${schema}.target (
    environment ${id},
    name ${id},
    endpoint text NOT NULL,
    identity text NOT NULL,
    account text,
    PRIMARY KEY (environment, name)
  );

  CREATE TABLE ${schema}.tenant (
    environment ${id},
    tenant ${id},
    revision text NOT NULL DEFAULT '0',
    epoch bigint NOT NULL DEFAULT 0,
    handle text,
    holder text,
    since bigint,
    expires bigint,
    plan text,
    plan_revision text,
    PRIMARY KEY (environment, tenant)
  );
  CREATE INDEX tenant_by_handle ON ${schema}.tenant (handle) WHERE handle IS NOT NULL;

  CREATE TABLE ${schema}.entry (
    environment ${id},
    tenant ${id},
    target ${id},
    kind ${id},
    _id ${id},
    id text NOT NULL,
    properties text NOT NULL,
    applied text NOT NULL,
    echo text NOT NULL,
    updated_at text,
    driver text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (environment, tenant, target, kind, _id)
  );

  CREATE TABLE ${schema}.run (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment ${id},
    id ${id},
    body text NOT NULL,
    UNIQUE (environment, id)
  );
  CREATE INDEX run_by_number ON ${schema}.run (environment, number);

  CREATE TABLE ${schema}.intent (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment ${id},
    tenant ${id},
    target ${id},
    kind ${id},
    _id ${id},
    op text NOT NULL,
    run ${id},
    epoch bigint NOT NULL,
    at bigint NOT NULL,
    change text,
    seen text,
    acked text,
    outcome text,
    reason text,
    ended bigint,
    open integer NOT NULL
  );
  CREATE INDEX intent_open ON ${schema}.intent (environment, tenant, target, kind, _id) WHERE open = 1;
  CREATE INDEX intent_by_run ON ${schema}.intent (environment, run);
  `,
];
