-- Every table starts with the tenant and is clustered by it, so that all of one tenant is one range. Ids come from the
-- program or from its counters. No triggers and no engine-made numbers: the same schema can run on other engines.

CREATE TABLE tenants (
    tenant        INTEGER NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    created       INTEGER NOT NULL,
    root_org_node TEXT    NOT NULL,
    -- Grows with each group of writes that changed something of the tenant.
    change_seq    INTEGER NOT NULL DEFAULT 0,
    -- Counts, because counting a million rows takes a while.
    people        INTEGER NOT NULL DEFAULT 0,
    hosts         INTEGER NOT NULL DEFAULT 0,
    vanished      INTEGER NOT NULL DEFAULT 0,
    -- Last numbers given out.
    person_seq    INTEGER NOT NULL DEFAULT 0,
    vanished_seq  INTEGER NOT NULL DEFAULT 0,
    audit_seq     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Last numbers given out for the whole installation: 'tenant', 'task'.
CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Clustered by order of creation: an insert appends, whatever the ids look like, and the indexes stay small.
CREATE TABLE people (
    tenant               INTEGER NOT NULL REFERENCES tenants (tenant),
    seq                  INTEGER NOT NULL,
    id                   TEXT    NOT NULL,
    user_name            TEXT    NOT NULL,
    display_name         TEXT    NOT NULL,
    phone                TEXT,
    email                TEXT,
    status               TEXT    NOT NULL,
    description          TEXT,
    created              INTEGER NOT NULL,
    updated              INTEGER NOT NULL,
    last_login           INTEGER,
    -- JSON arrays of ids; NULL is the empty one.
    group_ids            TEXT,
    org_node             TEXT    NOT NULL,
    secondary_org_nodes  TEXT,
    data_source          TEXT    NOT NULL,
    expires              INTEGER,
    activated            INTEGER,
    password_needs_reset INTEGER NOT NULL,
    administrator        INTEGER NOT NULL,
    password_hash        TEXT,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX people_id ON people (tenant, id);
CREATE UNIQUE INDEX people_user_name ON people (tenant, user_name);
CREATE UNIQUE INDEX people_phone ON people (tenant, phone) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX people_email ON people (tenant, email) WHERE email IS NOT NULL;

-- What changes with every report is apart from the large rest, so that an unchanged report costs one small row.
CREATE TABLE hosts (
    tenant       INTEGER NOT NULL REFERENCES tenants (tenant),
    quuid        TEXT    NOT NULL,
    first_report INTEGER NOT NULL,
    last_report  INTEGER NOT NULL,
    collected_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, quuid)
) STRICT, WITHOUT ROWID;
-- Report and first sights of one host. A table with rowids, because large rows are slow in one without.
CREATE TABLE host_bodies (
    tenant INTEGER NOT NULL,
    quuid  TEXT    NOT NULL,
    body   BLOB    NOT NULL,
    PRIMARY KEY (tenant, quuid),
    FOREIGN KEY (tenant, quuid) REFERENCES hosts (tenant, quuid) ON DELETE CASCADE
) STRICT;

-- Accounts that a report no longer had.
CREATE TABLE vanished (
    tenant     INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    quuid      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    first_seen INTEGER NOT NULL,
    vanished   INTEGER NOT NULL,
    facts      BLOB    NOT NULL,
    PRIMARY KEY (tenant, seq),
    FOREIGN KEY (tenant, quuid) REFERENCES hosts (tenant, quuid)
) STRICT, WITHOUT ROWID;
CREATE INDEX vanished_host ON vanished (tenant, quuid, seq);

CREATE TABLE credentials (
    tenant        INTEGER NOT NULL REFERENCES tenants (tenant),
    secret_id     TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    enabled       INTEGER NOT NULL,
    sealed_secret BLOB    NOT NULL,
    token_hash    BLOB,
    expires       INTEGER,
    created       INTEGER NOT NULL,
    PRIMARY KEY (tenant, secret_id)
) STRICT, WITHOUT ROWID;
-- A request names the key, not the tenant.
CREATE UNIQUE INDEX credentials_secret_id ON credentials (secret_id);

CREATE TABLE tasks (
    tenant      INTEGER NOT NULL REFERENCES tenants (tenant),
    id          INTEGER NOT NULL,
    owner       TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    request     TEXT    NOT NULL,
    format      TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    file_name   TEXT    NOT NULL,
    written     INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    error       TEXT,
    lease_until INTEGER,
    created     INTEGER NOT NULL,
    ended       INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_pending ON tasks (tenant) WHERE state = 'PENDING';

-- Appended to, never changed.
CREATE TABLE audit (
    tenant     INTEGER NOT NULL REFERENCES tenants (tenant),
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;
