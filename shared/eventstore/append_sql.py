"""The one statement of the group commit. Why it is as it is: ADR 0003."""

from __future__ import annotations


def append_statement(context: str) -> str:
    """The statement that appends a batch to one context; its rows are the messages, in order.

    `chain` numbers the streams of the batch, `base` is the version at which the stream must stand for
    the whole chain up to this message to fit.
    """
    return _APPEND.replace("{context}", context)


_APPEND = """
WITH me AS MATERIALIZED (
    -- The transaction takes its number before it draws positions: the order of the log rests on it (ADR 0002).
    SELECT pg_current_xact_id() AS xid
), message AS MATERIALIZED (
    -- LATERAL with LIMIT, not joins: a plan made while the tables are small must not scan them once they are large.
    SELECT m.*, known.fingerprint AS known_fingerprint, known.positions AS known_positions,
           coalesce(stream.version, 0) AS version
    FROM unnest($1::text[], $2::bytea[], $3::text[], $4::int[], $5::int[], $6::text[], $7::text[]) WITH ORDINALITY
         AS m(message_id, fingerprint, stream_id, chain, base, actor, traceparent, ord)
    LEFT JOIN LATERAL (
        SELECT i.fingerprint, i.positions FROM store.inbox_{context} i WHERE i.message_id = m.message_id LIMIT 1
    ) known ON true
    LEFT JOIN LATERAL (
        SELECT e.version FROM store.event_{context} e WHERE e.stream_id = m.stream_id ORDER BY e.version DESC LIMIT 1
    ) stream ON true
), judged AS MATERIALIZED (
    SELECT *, bool_and(known_positions IS NULL AND base = version) OVER (PARTITION BY chain ORDER BY ord) AS fits
    FROM message
), numbered AS MATERIALIZED (
    SELECT nextval('store.position') AS position, fitting.*
    FROM (
        SELECT me.xid, j.stream_id, j.message_id AS causation_id, j.actor, j.traceparent, e.*
        FROM me
        CROSS JOIN unnest($8::bigint[], $9::int[], $10::text[], $11::smallint[], $12::bytea[], $13::timestamptz[],
                          $14::text[])
             WITH ORDINALITY AS e(ord, version, type, schema_version, data, occurred_at, correlation_id, nth)
        JOIN judged j ON j.ord = e.ord
        WHERE j.fits
        ORDER BY e.nth
    ) fitting
), written AS (
    -- Every writer takes its index entries in one order: two batches wait for each other, but never in a circle.
    INSERT INTO store.event_{context} (position, context, stream_id, version, type, schema_version, data,
                                       occurred_at, causation_id, correlation_id, actor, traceparent, xid)
    SELECT position, '{context}', stream_id, version, type, schema_version, convert_from(data, 'UTF8')::jsonb,
           occurred_at, causation_id, correlation_id, actor, traceparent, xid
    FROM numbered ORDER BY stream_id COLLATE "C", version
), drawn AS MATERIALIZED (
    SELECT ord, array_agg(position ORDER BY position) AS positions FROM numbered GROUP BY ord
), noted AS (
    INSERT INTO store.inbox_{context} (context, message_id, fingerprint, positions)
    SELECT '{context}', j.message_id, j.fingerprint, coalesce(d.positions, '{}')
    FROM judged j LEFT JOIN drawn d USING (ord) WHERE j.fits ORDER BY j.message_id COLLATE "C"
)
SELECT j.fits, j.version, j.known_fingerprint, coalesce(d.positions, j.known_positions, '{}') AS positions
FROM judged j LEFT JOIN drawn d USING (ord) ORDER BY j.ord
"""
