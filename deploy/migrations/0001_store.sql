-- The event store, the vault of keys, dead letters, and the read side's ledger.
-- Roles are made first, by deploy/migrate.py: tereze_<context>, tereze_relay, tereze_insight.

CREATE SCHEMA store;
CREATE SCHEMA vault;
CREATE SCHEMA ops;
CREATE SCHEMA read;

CREATE SEQUENCE store.position;

-- One log. Its order is (xid, position): a transaction takes its number before its positions, so rows
-- below the oldest running transaction are final, whatever positions others still hold (ADR 0002).
CREATE TABLE store.event (
    position       bigint      NOT NULL DEFAULT nextval('store.position'),
    context        text        NOT NULL,
    stream_id      text        NOT NULL,
    version        integer     NOT NULL,
    type           text        NOT NULL,
    schema_version smallint    NOT NULL,
    data           jsonb       NOT NULL,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    causation_id   text        NOT NULL,
    correlation_id text        NOT NULL,
    actor          text        NOT NULL,
    traceparent    text,
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id()
) PARTITION BY LIST (context);

-- Exactly once: a message's id is written together with its events.
CREATE TABLE store.inbox (
    context     text        NOT NULL,
    message_id  text        NOT NULL,
    fingerprint bytea       NOT NULL,
    positions   bigint[]    NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY LIST (context);

-- One key per consumer. Forgetting sets the key to NULL and keeps the row, so that no new key is
-- ever made for a forgotten consumer.
CREATE TABLE vault.key (
    consumer_id  text PRIMARY KEY,
    key          bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    forgotten_at timestamptz
);

CREATE TABLE ops.dead_letter (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin      text        NOT NULL UNIQUE,
    context     text        NOT NULL,
    subject     text        NOT NULL,
    message_id  text        NOT NULL DEFAULT '',
    type        text        NOT NULL DEFAULT '',
    source      text        NOT NULL DEFAULT '',
    reasons     jsonb       NOT NULL,
    sealed      bytea       NOT NULL,
    traceparent text,
    received_at timestamptz NOT NULL DEFAULT now(),
    resent_at   timestamptz,
    resent      integer     NOT NULL DEFAULT 0
);

CREATE TABLE ops.relay (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    xid      xid8   NOT NULL DEFAULT '0',
    position bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ops.relay DEFAULT VALUES;

-- Every version of every projection, with its checkpoint: written in the transaction that writes the rows.
CREATE TABLE read.projection (
    name       text        NOT NULL,
    version    integer     NOT NULL,
    status     text        NOT NULL CHECK (status IN ('building', 'live', 'old')),
    xid        xid8        NOT NULL DEFAULT '0',
    position   bigint      NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version, status)
);

CREATE TABLE read.poison (
    name     text   NOT NULL,
    version  integer NOT NULL,
    position bigint NOT NULL,
    error    text   NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version, position)
);
