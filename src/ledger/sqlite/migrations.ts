/** Each step takes the schema one version up; steps that were released never change. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE ledger_key (environment TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE target (
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (environment, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tenant (
    environment TEXT NOT NULL,
    tenant TEXT NOT NULL,
    revision TEXT NOT NULL DEFAULT '0',
    epoch INTEGER NOT NULL DEFAULT 0,
    handle TEXT,
    holder TEXT,
    since INTEGER,
    expires INTEGER,
    PRIMARY KEY (environment, tenant)
  ) STRICT;
  CREATE INDEX tenant_by_handle ON tenant (handle) WHERE handle IS NOT NULL;

  CREATE TABLE entry (
    environment TEXT NOT NULL,
    tenant TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    _id TEXT NOT NULL,
    id TEXT NOT NULL,
    properties TEXT NOT NULL,
    applied TEXT NOT NULL,
    echo TEXT NOT NULL,
    updated_at TEXT,
    driver TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (environment, tenant, target, kind, _id)
  ) STRICT;

  CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (environment, id)
  ) STRICT;
  CREATE INDEX run_by_number ON run (environment, number);

  CREATE TABLE intent (
    number INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    tenant TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    _id TEXT NOT NULL,
    op TEXT NOT NULL,
    run TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    change TEXT,
    seen TEXT,
    acked TEXT,
    outcome TEXT,
    ended INTEGER,
    open INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX intent_open ON intent (environment, tenant, target, kind, _id) WHERE open = 1;
  CREATE INDEX intent_by_run ON intent (environment, run);
  `,
  `
  ALTER TABLE tenant ADD COLUMN plan TEXT;
  ALTER TABLE tenant ADD COLUMN plan_revision TEXT;
  ALTER TABLE target ADD COLUMN account TEXT;
  ALTER TABLE intent ADD COLUMN reason TEXT;
  `,
];
