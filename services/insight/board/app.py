"""The board as an ASGI application: its addresses, who may open them, and what is said when something goes wrong."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import tzinfo
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from services.insight.board import draw
from services.insight.board.accounts import LONGEST, Accounts, Right, verified
from services.insight.board.asked import (
    Asked,
    LogInFirst,
    asked,
    form,
    language,
    language_address,
    ours,
    remember_language,
    set_session,
    way_back,
)
from services.insight.board.filters import NotATimeError
from services.insight.board.hub import Hub
from services.insight.board.pages import Pages
from services.insight.board.protect import Protected
from services.insight.board.sessions import COOKIE, LOGIN_COOKIE, Sessions
from services.insight.board.sources import Sources
from services.insight.queries import NotBuiltError
from services.insight.timeline import UnknownCaseError
from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

HOSTS = ("127.0.0.1", "localhost")
"""Under another name a page of somebody else's could have this server asked in its own name."""
_SAID = {
    HTTPStatus.FORBIDDEN: "ui.not_allowed",
    HTTPStatus.NOT_FOUND: "ui.not_found",
}


def create(hub: Hub, sources: Sources, accounts: Accounts, zone: tzinfo) -> Starlette:
    """The application; `hub` is run by whoever serves it."""
    sessions = Sessions(accounts)
    pages = Pages(hub, sources, sessions, zone)
    door = _Door(hub, accounts, sessions, zone)

    def guarded(right: Right, page: Callable[[Asked], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await page(asked(request, sessions, zone, right))

        return answer

    return Starlette(
        routes=[
            Route("/", door.first(pages), methods=["GET"]),
            Route("/live", guarded(Right.NOW, pages.live), methods=["GET"]),
            Route("/case", guarded(Right.CASES, pages.case), methods=["GET"]),
            Route("/figures", guarded(Right.FIGURES, pages.figures), methods=["GET"]),
            Route("/trends", guarded(Right.FIGURES, pages.trends), methods=["GET"]),
            Route("/press", guarded(Right.PRESS, pages.press), methods=["GET"]),
            Route("/login", door.form, methods=["GET"]),
            Route("/login", door.log_in, methods=["POST"]),
            Route("/logout", door.log_out, methods=["POST"]),
            Mount("/static", StaticFiles(directory=draw.HERE / "static")),
        ],
        middleware=[Middleware(Protected), Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))],
        exception_handlers=_handlers(hub, zone),
    )


class _Door:
    """Logging in and out."""

    def __init__(self, hub: Hub, accounts: Accounts, sessions: Sessions, zone: tzinfo) -> None:
        self._hub, self._accounts, self._sessions, self._zone = hub, accounts, sessions, zone
        self._one = asyncio.Lock()

    def first(self, pages: Pages) -> Callable[[Request], Awaitable[Response]]:
        """The page that one begins with: who does not see what is due is shown the figures."""

        async def answer(request: Request) -> Response:
            who = asked(request, self._sessions, self._zone, None)
            if not who.account.may(Right.NOW):
                return RedirectResponse("/figures", 303)
            return await pages.now(who)

        return answer

    async def form(self, request: Request) -> Response:
        """The form to log in with."""
        return self._form(request, next=way_back(request.query_params.get("next")))

    async def log_in(self, request: Request) -> Response:
        """Check a name and a password, and begin a session."""
        fields = await form(request)
        name, back = fields.get("name", ""), way_back(fields.get("next"))
        if not ours(fields, request.cookies.get(LOGIN_COOKIE)):
            return self._form(request, 403, trouble="stale", name=name, next=back)
        if self._sessions.locked(name):
            return self._form(request, 429, trouble="locked", name=name, next=back)
        account, password = self._accounts.of(name), fields.get("password", "")[: LONGEST + 1]
        async with self._one:  # one at a time: each takes 64 MB
            right = await asyncio.to_thread(verified, account, password)
        if account is None or not right:
            self._sessions.failed(name)
            return self._form(request, 403, trouble="wrong", name=name, next=back)
        response = RedirectResponse(back, 303)
        set_session(response, self._sessions.begin(account))
        response.delete_cookie(LOGIN_COOKIE)
        return response

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        token = request.cookies.get(COOKIE)
        found = self._sessions.of(token)
        if found is not None and not ours(await form(request), found[0].csrf):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        self._sessions.end(token)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response

    def _form(self, request: Request, status: int = 200, *, trouble: str = "", **given: str) -> Response:
        token = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(32)
        response = HTMLResponse(
            draw.page(
                *("login.html", language(request, self._zone), self._hub.now()),
                csrf=token,
                trouble=trouble,
                language_address=partial(_same_form, request),
                **{"name": "", **given},
            ),
            status,
        )
        response.set_cookie(LOGIN_COOKIE, token, httponly=True, samesite="strict")
        remember_language(request, response)
        return response


def _same_form(request: Request, code: str) -> str:
    return language_address(request, code) if request.method == "GET" else f"/login?lang={code}"


def _handlers(hub: Hub, zone: tzinfo) -> dict[Any, Callable[[Request, Any], Awaitable[Response]]]:
    def told(request: Request, status: int, key: str, **values: str) -> Response:
        texts = language(request, zone)
        page = draw.page(
            *("trouble.html", texts, hub.now()),
            status=status,
            said=texts(key, **values),
            language_address=partial(language_address, request),
        )
        return HTMLResponse(page, status)

    async def to_log_in(request: Request, _: LogInFirst) -> Response:
        if request.url.path == "/live":
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/login?{urlencode({'next': request.url.path + query})}", 303)

    async def http(request: Request, error: HTTPException) -> Response:
        return told(request, error.status_code, _SAID.get(HTTPStatus(error.status_code), "ui.failed"))

    async def not_a_time(request: Request, error: NotATimeError) -> Response:
        return told(request, HTTPStatus.BAD_REQUEST, "ui.not_a_time", text=str(error))

    async def no_case(request: Request, _: UnknownCaseError) -> Response:
        return told(request, HTTPStatus.NOT_FOUND, "ui.not_found")

    async def not_ready(request: Request, _: NotBuiltError) -> Response:
        return told(request, HTTPStatus.SERVICE_UNAVAILABLE, "ui.not_ready")

    async def away(request: Request, trouble: Exception) -> Response:
        log.warning("a page could not be made: %s", type(trouble).__name__)
        return told(request, HTTPStatus.SERVICE_UNAVAILABLE, "ui.unavailable")

    return {
        LogInFirst: to_log_in,
        HTTPException: http,
        NotATimeError: not_a_time,
        UnknownCaseError: no_case,
        NotBuiltError: not_ready,
        **dict.fromkeys(STORE_TROUBLES, away),
    }
