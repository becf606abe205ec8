"""What analysts begin with: the history of a running system.

from deploy.analysis import history

events = history().events()
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from deploy.home import running
from deploy.roles import database_role
from services.insight.analysis.frames import History, data_of, log_of
from services.insight.instants import Connection
from shared.settings import Settings

_ROLE = database_role("insight")
"""It reads the log and its views, and has no right on the vault."""


def history(home: Path | str | None = None) -> History:
    """The history of the system that runs in a data folder; default: `TEREZE_HOME`, else `.tereze` here.

    Raises:
        Problem: none runs there.
    """
    return History(running(home or Settings().home).database_url, role=_ROLE)


def log_of_running(home: Path | str) -> AbstractAsyncContextManager[Connection]:
    """A `log_connection` to the system that runs in a data folder. Problem: none does."""
    return log_of(running(home).database_url, _ROLE)


__all__ = ["History", "data_of", "history", "log_of_running"]
