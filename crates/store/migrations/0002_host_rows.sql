-- What the rules make of a host's facts, kept beside them: a start reads these and not the facts. Clustered by tenant
-- and order of arrival, so that a new host appends. Its number is NULL until its rows are made.
ALTER TABLE hosts ADD COLUMN number INTEGER;
ALTER TABLE tenants ADD COLUMN host_seq INTEGER NOT NULL DEFAULT 0;
CREATE TABLE host_rows (
    -- Tenant * 2^32 + number of the host.
    id     INTEGER NOT NULL PRIMARY KEY,
    quuid  TEXT    NOT NULL,
    -- First sights by account name: of accounts first seen after the host, and of those absent from an incomplete
    -- list. All others were first seen with the host. NULL is none. Not made by the rules, so they cannot be made again.
    sights BLOB,
    -- The first byte is the version of the rules.
    rows   BLOB    NOT NULL
) STRICT;
