"""Who asks for a page, in which language, and whether a form is ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.insight.board.accounts import Account, Right
from services.insight.board.filters import Filters, from_query
from services.insight.board.sessions import COOKIE, LONGEST_S, Session, Sessions, same
from services.insight.board.texts import LANGUAGES, Texts, negotiated, texts

LANGUAGE_COOKIE = "tereze_lang"
_LANGUAGE_S = 365 * 24 * 3600
_LONGEST_FORM = 10_000
_OURS = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


class LogInFirst(Exception):
    """Nobody is logged in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of somebody who is logged in and may see what it asks for."""

    request: Request
    texts: Texts
    filters: Filters
    account: Account
    session: Session


def asked(request: Request, sessions: Sessions, zone: tzinfo, right: Right | None) -> Asked:
    """Who asks, and for what.

    Raises:
        LogInFirst: nobody is logged in.
        HTTPException: 403, their role does not see it.
        NotATimeError: `as_of` is none.
    """
    found = sessions.of(request.cookies.get(COOKIE))
    if found is None:
        raise LogInFirst
    session, account = found
    if right is not None and not account.may(right):
        raise HTTPException(403)
    return Asked(request, language(request, zone), from_query(request.query_params, zone), account, session)


def language(request: Request, zone: tzinfo) -> Texts:
    """The texts in the language that the address asks for, else the one chosen before, else what the browser likes."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in LANGUAGES:
            return texts(wanted, zone)
    return texts(negotiated(request.headers.get("accept-language", "")), zone)


def language_address(request: Request, code: str) -> str:
    """The same page in another language."""
    query = {**request.query_params, "lang": code}
    return f"{request.url.path}?{urlencode(query)}"


def remember_language(request: Request, response: Response) -> None:
    """A language that an address asked for is kept."""
    wanted = request.query_params.get("lang")
    if wanted in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, wanted, max_age=_LANGUAGE_S, httponly=True, samesite="strict")


def set_session(response: Response, token: str) -> None:
    """Give the browser its session's token. It is sent to this server only, and no script reads it."""
    response.set_cookie(COOKIE, token, max_age=LONGEST_S, httponly=True, samesite="strict")


async def form(request: Request) -> dict[str, str]:
    """The fields of a posted form, which must come from a page of ours.

    Raises:
        HTTPException: 403, another site's page posted it; 413, it is too long.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413)
    return {name: said[-1] for name, said in parse_qs(body.decode("utf-8", "replace")).items()}


def ours(fields: dict[str, str], token: str | None) -> bool:
    """Whether a form bears the token that its page was given."""
    return same(fields.get("csrf", ""), token or "")


def way_back(wanted: str | None) -> str:
    """Where to go after the log-in: a page of this server, whatever the address says."""
    return wanted if wanted and _OURS.fullmatch(wanted) else "/"
