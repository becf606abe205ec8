-- A table that is being built says how far it has come, so that who stops building it, or dies, loses nothing.
ALTER TABLE read.projection
    ADD COLUMN started_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN events bigint NOT NULL DEFAULT 0,
    ADD COLUMN rows_written bigint NOT NULL DEFAULT 0,
    ADD COLUMN total bigint;
