-- What lists of events are counted and filtered by, apart from the facts: those lie between them, a kilobyte each.
CREATE INDEX account_events_list ON account_events (tenant, seq, at, kinds);
