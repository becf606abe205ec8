-- A message that is sent again, or published again from the log, and refused again as before is one letter while that
-- is open. NULL: it can't be told from another one, as it has no id.
ALTER TABLE ops.dead_letter ADD COLUMN identity bytea;
CREATE UNIQUE INDEX dead_letter_open ON ops.dead_letter (identity) WHERE resent_at IS NULL;
