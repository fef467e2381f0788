-- The history of hosts and their accounts. What was remembered of vanished accounts becomes events without a change of
-- their host: they are listed, but no state is made again from them.
ALTER TABLE tenants ADD COLUMN history_seq INTEGER NOT NULL DEFAULT 0;
-- From when on states can be made again; before it changes were not kept, or are kept no more.
ALTER TABLE tenants ADD COLUMN history_from INTEGER NOT NULL DEFAULT 0;
UPDATE tenants SET
    history_seq  = vanished_seq,
    history_from = coalesce((SELECT max(last_report) FROM hosts WHERE hosts.tenant = tenants.tenant), 0);

-- One row for each change of a host, and one before the first of them for what was known until then. They outlive the
-- host. No foreign keys, so that an event costs what it is.
CREATE TABLE host_changes (
    tenant         INTEGER NOT NULL,
    quuid          TEXT    NOT NULL,
    -- The number of the change; those that follow it are the numbers of its events.
    seq            INTEGER NOT NULL,
    -- 0 what was known before the next row, 1 a report that changed something, 2 the removal of the host.
    what           INTEGER NOT NULL,
    -- From when on it holds; never before an older change of the host.
    at             INTEGER NOT NULL,
    first_report   INTEGER NOT NULL,
    -- When its report was collected, and its digest.
    collected_at   INTEGER NOT NULL,
    digest         BLOB    NOT NULL,
    -- The last contact before it.
    before_report  INTEGER NOT NULL,
    before_collected INTEGER NOT NULL,
    events         INTEGER NOT NULL,
    -- First sights as in host_rows, where the body is a whole report.
    sights         BLOB,
    -- 0 and 2: the report as it was kept; 1: what changed beside the accounts that have events.
    body           BLOB    NOT NULL,
    PRIMARY KEY (tenant, quuid, seq)
) STRICT;
CREATE INDEX host_changes_at ON host_changes (tenant, at) WHERE what <> 0;

-- What changed of one account. A table with rowids, because large rows are slow in one without.
CREATE TABLE account_events (
    tenant     INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    quuid      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    -- Number of the change of the host; 0 is none.
    change     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    -- A bit for each kind of change.
    kinds      INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    -- Facts; NULL when the report did not have the account.
    before     BLOB,
    after      BLOB,
    PRIMARY KEY (tenant, seq)
) STRICT;
CREATE INDEX account_events_host ON account_events (tenant, quuid, seq);
CREATE INDEX account_events_name ON account_events (tenant, name, seq);
CREATE INDEX account_events_loose ON account_events (tenant, at) WHERE change = 0;

INSERT INTO account_events SELECT tenant, seq, quuid, name, 0, vanished, 2, first_seen, facts, NULL FROM vanished;
DROP TABLE vanished;
ALTER TABLE tenants DROP COLUMN vanished;
ALTER TABLE tenants DROP COLUMN vanished_seq;
