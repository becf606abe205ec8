"""Contacts in one form, and their blind index: how a person is recognised by whichever service they turn to (ADR 0015).

A contact is normalised, then hashed under the installation's key. The hash finds its owner, and tells nothing to who
lacks the key.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import phonenumbers

from shared.contracts.intake import Consumer, Contact, ContactKind
from shared.decider import Blind

COUNTRY = "KZ"
"""Numbers that name no country are meant to be this one's."""
FINDING = (ContactKind.IDENTIFIER, ContactKind.PHONE, ContactKind.EMAIL)
"""By what a consumer is found, the surest first. Several people may share a name or an address."""

_KINDS = tuple((kind, kind.value) for kind in ContactKind)
_FINDING = tuple((kind, kind.value) for kind in FINDING)


@lru_cache(maxsize=2048)  # a decision asks for the same ones several times, and a number is slow to take apart
def normalised(kind: ContactKind, text: str | None) -> str | None:
    """A contact in the one form it is compared in; None where the text is none of its kind."""
    bare = "".join((text or "").split())
    if not bare:
        return None
    if kind is ContactKind.PHONE:
        try:
            number = phonenumbers.parse(bare, COUNTRY)
        except phonenumbers.NumberParseException:
            return None
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if kind is ContactKind.EMAIL:
        return bare.casefold() if "@" in bare else None
    return "".join(letter for letter in bare.upper() if letter.isalnum()) or None


def contacts(consumer: Consumer, blind: Blind) -> list[Contact]:
    """The contacts by which this consumer can be found, the surest first."""
    told = [(kind, text) for kind, name in _FINDING if (text := getattr(consumer, name))]
    found = ((kind, normalised(kind, text)) for kind, text in told)
    return [Contact(kind=kind, index=blind(kind, text)) for kind, text in found if text is not None]


def said(consumer: Consumer) -> frozenset[ContactKind]:
    """The kinds of data that a message gives."""
    return frozenset(kind for kind, name in _KINDS if (getattr(consumer, name) or "").strip())


_REACHES = frozenset({ContactKind.PHONE, ContactKind.EMAIL, ContactKind.ADDRESS})
"""Contact details: what a consumer can be told, or asked, by."""


def can_be_reached(kinds: Collection[ContactKind]) -> bool:
    """Whether any of these is a contact detail; a name, or a number in a register, is none."""
    return not _REACHES.isdisjoint(kinds)


def unnamed(what: str) -> str:
    """The id of a consumer who named nobody known, after the case, the call or the form that they came with."""
    return f"c-{what}"


def in_order(kinds: frozenset[ContactKind]) -> list[ContactKind]:
    """Kinds as they are listed everywhere."""
    return [kind for kind in ContactKind if kind in kinds]
