"""Who may look at the board: accounts of this machine, and what each role sees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

FILE = "board-accounts.json"
SHORTEST = 10
"""Characters of a password."""
LONGEST = 200

_hasher = PasswordHasher()
# Checked where there is no such account: an answer takes as long as where there is one.
_NOBODY = _hasher.hash("nobody")


class Role(StrEnum):
    """What somebody is to the board."""

    OPERATIONS = "operations"
    STAFF = "staff"
    MANAGER = "manager"
    ANALYST = "analyst"


class Right(StrEnum):
    """What may be seen."""

    NOW = "now"
    """What is due, and who owes it."""
    HEALTH = "health"
    CASES = "cases"
    """A case's timeline, deadlines and traces."""
    PERSONS = "persons"
    """Whose a case is: ids, merged, forgotten. What persons said is sealed for everybody."""
    PRESS = "press"
    """The post offices' operating days: forms, cards and money against the count."""
    FIGURES = "figures"
    """How limits are kept, effectiveness, causes, complaints: also by consultant."""


RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.OPERATIONS: frozenset({Right.NOW, Right.HEALTH, Right.CASES}),
        Role.STAFF: frozenset({Right.NOW, Right.CASES, Right.PERSONS, Right.PRESS}),
        Role.MANAGER: frozenset(Right),
        Role.ANALYST: frozenset({Right.FIGURES}),
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in."""

    name: str
    role: Role
    password_hash: str

    def may(self, right: Right) -> bool:
        """Whether they may see it."""
        return right in RIGHTS[self.role]


def hash_password(password: str) -> str:
    """An Argon2id hash, with its own salt and parameters."""
    return _hasher.hash(password)


def verified(account: Account | None, password: str) -> bool:
    """Whether this is the account's password. Takes some hundredths of a second, on purpose."""
    try:
        return _hasher.verify(_NOBODY if account is None else account.password_hash, password) and account is not None
    except (Argon2Error, InvalidHashError):
        return False


class Accounts:
    """The accounts in a file, read again whenever it has changed: who is removed is out at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = (-1, -1)
        self._known: dict[str, Account] = {}

    def of(self, name: str) -> Account | None:
        """The account of that name."""
        return self.all().get(name)

    def all(self) -> Mapping[str, Account]:
        """Every account by its name; none where there is no file."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return {}
        if (seen := (state.st_mtime_ns, state.st_ino)) != self._seen:
            self._known, self._seen = from_json(self._path.read_text(encoding="utf-8")), seen
        return self._known


def from_json(text: str) -> dict[str, Account]:
    """The accounts as `to_json` wrote them."""
    return {name: Account(name, Role(one["role"]), one["password_hash"]) for name, one in json.loads(text).items()}


def to_json(accounts: Mapping[str, Account]) -> str:
    """The accounts as they stand in their file."""
    listed = {name: {"role": one.role, "password_hash": one.password_hash} for name, one in accounts.items()}
    return json.dumps(listed, ensure_ascii=False, indent=1, sort_keys=True)
