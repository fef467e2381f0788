-- Tokens hosts enrol with. The key of each is in `credentials`; when it is gone the token is revoked.
CREATE TABLE enrolment_tokens (
    tenant    INTEGER NOT NULL REFERENCES tenants (tenant),
    secret_id TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    -- JSON array of texts; NULL is the empty one.
    tags      TEXT,
    -- NULL is any number.
    uses_left INTEGER,
    uses      INTEGER NOT NULL,
    expires   INTEGER,
    revoked   INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (tenant, secret_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    tenant    INTEGER NOT NULL REFERENCES tenants (tenant),
    id        INTEGER NOT NULL,
    -- Host id made of the machine id, which itself is confidential and not kept.
    machine   TEXT    NOT NULL,
    -- SHA-256 of the key the installation made for itself.
    instance  BLOB    NOT NULL,
    -- Host the agent speaks for; empty until it is active.
    quuid     TEXT    NOT NULL,
    secret_id TEXT    NOT NULL,
    token     TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    host_name TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    os_info   TEXT    NOT NULL,
    enrolled  INTEGER NOT NULL,
    last_poll INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX agents_machine ON agents (tenant, machine, instance);
-- Of all agents one speaks for a host.
CREATE UNIQUE INDEX agents_quuid ON agents (tenant, quuid) WHERE state = 'active';
CREATE INDEX agents_pending ON agents (tenant) WHERE state = 'pending';

CREATE TABLE scans (
    tenant   INTEGER NOT NULL REFERENCES tenants (tenant),
    id       INTEGER NOT NULL,
    owner    TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    -- The host ids, encoded; empty once it has ended.
    hosts    BLOB    NOT NULL,
    asked    INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    started  INTEGER NOT NULL,
    ended    INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
