"""The blind index: finds what was said before by a keyed hash of it, so that nothing personal is stored to be found."""

from __future__ import annotations

from hashlib import blake2b

from shared.decider import Blind

OWNER = "~contact-index"
"""Under this name the installation's key lies in the vault. No consumer can have it: their ids begin otherwise."""
_DIGEST_BYTES = 20


def indexing(key: bytes | None) -> Blind:
    """What makes a text's index under `key`. `RuntimeError`, once used, where there is no key: it is never deleted."""

    def index(kind: str, text: str) -> str:
        if key is None:
            raise RuntimeError("the installation's index key is gone; restore vault.key from the backup")
        return blake2b(f"{kind} {text}".encode(), key=key, digest_size=_DIGEST_BYTES).hexdigest()

    return index
