"""Who is logged in. Sessions are in memory: they end with the process, with their time, and with their account."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from services.insight.board.accounts import Account, Accounts

COOKIE = "tereze_session"
LOGIN_COOKIE = "tereze_login"
"""Holds the token that the log-in form must bring along: a session that nobody has yet."""
IDLE_S = 2 * 3600
LONGEST_S = 12 * 3600
_TRIES = 5
_LOCKED_S = 30.0
_MOST = 10_000


@dataclass(slots=True)
class Session:
    """Somebody who logged in, until it ends."""

    name: str
    password_hash: str
    """Who gets another password is out."""
    csrf: str
    began: float
    seen: float


class Sessions:
    """All sessions of this process. A browser holds a random token; here only its hash is kept."""

    def __init__(self, accounts: Accounts, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts, self._clock = accounts, clock
        self._open: dict[str, Session] = {}
        self._failures: dict[str, tuple[int, float]] = {}

    def begin(self, account: Account) -> str:
        """Log somebody in; return the browser's token."""
        token, now = secrets.token_urlsafe(32), self._clock()
        self._open = {key: one for key, one in self._open.items() if self._lasts(one, now)}
        self._open[_hash(token)] = Session(account.name, account.password_hash, secrets.token_urlsafe(32), now, now)
        self._failures.pop(account.name, None)
        return token

    def of(self, token: str | None, *, asked: bool = True) -> tuple[Session, Account] | None:
        """Whose token it is; None: nobody's, or no longer. `asked`: a person did, so they are still there."""
        session = self._open.get(_hash(token)) if token else None
        if session is None:
            return None
        now = self._clock()
        account = self._accounts.of(session.name)
        if account is None or account.password_hash != session.password_hash or not self._lasts(session, now):
            self.end(token)
            return None
        session.seen = now if asked else session.seen
        return session, account

    def end(self, token: str | None) -> None:
        """Log out."""
        self._open.pop(_hash(token or ""), None)

    def locked(self, name: str) -> bool:
        """Whether so many tries at this name failed that it must wait."""
        tries, last = self._failures.get(name, (0, 0.0))
        return tries >= _TRIES and self._clock() - last < _LOCKED_S

    def failed(self, name: str) -> None:
        """Somebody tried this name with a wrong password."""
        if len(self._failures) >= _MOST:
            self._failures.clear()
        self._failures[name] = (self._failures.get(name, (0, 0.0))[0] + 1, self._clock())

    @staticmethod
    def _lasts(session: Session, now: float) -> bool:
        return now - session.seen < IDLE_S and now - session.began < LONGEST_S


def same(one: str, other: str) -> bool:
    """Whether two tokens are the same, in a time that tells nothing; no token is like none."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
