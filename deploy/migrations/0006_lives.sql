-- Beside a table of clocks, by its oid, stands another one: from when until when each of its clocks runs
-- (services/insight/lives.py). Whole: all that the first one holds is in it.
CREATE TABLE read.lives (
    of    oid     PRIMARY KEY,
    whole boolean NOT NULL DEFAULT false
);
