-- What operators note about hosts, and what is kept of hosts beside their reports.
CREATE TABLE tags (
    tenant INTEGER NOT NULL REFERENCES tenants (tenant),
    -- Numbers of the whole installation, counter 'tag'.
    id     INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tags_name ON tags (tenant, name);

CREATE TABLE host_tags (
    tenant INTEGER NOT NULL,
    -- Numbers of the whole installation, counter 'host tag'.
    id     INTEGER NOT NULL,
    tag    INTEGER NOT NULL,
    quuid  TEXT    NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, tag) REFERENCES tags (tenant, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant, quuid) REFERENCES hosts (tenant, quuid) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX host_tags_host ON host_tags (tenant, quuid, tag);
CREATE INDEX host_tags_tag ON host_tags (tenant, tag);

CREATE TABLE host_remarks (
    tenant INTEGER NOT NULL,
    quuid  TEXT    NOT NULL,
    remark TEXT    NOT NULL,
    PRIMARY KEY (tenant, quuid),
    FOREIGN KEY (tenant, quuid) REFERENCES hosts (tenant, quuid) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Days without contact after which a host is cleared away; 0 is never.
ALTER TABLE tenants ADD COLUMN clear_after_days INTEGER NOT NULL DEFAULT 0;

CREATE TABLE cleared_hosts (
    tenant      INTEGER NOT NULL REFERENCES tenants (tenant),
    -- Numbers of the whole installation, counter 'cleared host'.
    id          INTEGER NOT NULL,
    quuid       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    instance_id TEXT    NOT NULL,
    wan_ip      TEXT    NOT NULL,
    private_ip  TEXT    NOT NULL,
    last_report INTEGER NOT NULL,
    cleared     INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- Hosts of each day as last counted on it; days are those of the server's zone.
CREATE TABLE host_days (
    tenant INTEGER NOT NULL REFERENCES tenants (tenant),
    day    INTEGER NOT NULL,
    hosts  INTEGER NOT NULL,
    online INTEGER NOT NULL,
    PRIMARY KEY (tenant, day)
) STRICT, WITHOUT ROWID;
