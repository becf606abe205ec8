"""What comes of a server that is away, and passes: whoever works for ever waits it out."""

from __future__ import annotations

import asyncpg
import nats.errors
import nats.js.errors

STORE_TROUBLES: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # A connection whose server dies between two of its messages says so as its own inner fault: "cannot switch to
    # state 12; another operation (2) is in progress".
    asyncpg.InternalClientError,
    OSError,  # a TimeoutError is one
)
"""Of asyncpg and its pools."""
BUS_TROUBLES: tuple[type[Exception], ...] = (nats.errors.Error, nats.js.errors.Error, OSError)
"""Of nats-py."""
