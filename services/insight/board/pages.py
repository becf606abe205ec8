"""The pages for those who are logged in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response, StreamingResponse

from services.insight.board import case_page, draw
from services.insight.board.accounts import Account, Right, Role
from services.insight.board.asked import Asked, language_address, remember_language
from services.insight.board.case_why import why
from services.insight.board.clocks import Clocks
from services.insight.board.controls import Choice, choices, slider
from services.insight.board.figures import by_channel, ranked
from services.insight.board.filters import NAMES, Filters, day_of
from services.insight.board.health import Part
from services.insight.board.hub import Hub
from services.insight.board.now import summarise, values
from services.insight.board.press import uncertified
from services.insight.board.sessions import COOKIE, Sessions
from services.insight.board.sources import Sources
from services.insight.board.texts import Texts
from services.insight.board.trend import Period
from services.insight.instants import Instant, instant, moment
from services.insight.queries import EffectivenessGroup, NotBuiltError

_ALIVE_S = 15.0
"""So often at least something is sent, or a browser would take the connection for dead."""
_FIGURES_BY = ("office", "channel", "topic")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What was drawn of one version, for all who look at the same."""

    version: int
    parts: dict[tuple[Filters, str, Role], dict[str, str]]


class Pages:
    """What each address answers."""

    def __init__(self, hub: Hub, sources: Sources, sessions: Sessions, zone: tzinfo) -> None:
        self._hub, self._sources, self._sessions, self._zone = hub, sources, sessions, zone
        self._drawn = _Drawn(-1, {})

    async def now(self, asked: Asked) -> Response:
        """What is due, live or as it stood."""
        filters, at = asked.filters, asked.filters.as_of or self._hub.now()
        clocks = await self._clocks(filters)
        live = None if filters.as_of else filters.address("/live")
        return self._page(
            *("now.html", asked, "/"),
            regions=self.regions(asked.texts, asked.account, filters, clocks),
            live=live,
            offered=choices(NAMES, values(clocks, at), filters, asked.texts),
        )

    async def live(self, asked: Asked) -> Response:
        """The changes of the first page, as server-sent events."""
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(self._changes(asked), media_type="text/event-stream", headers=headers)

    async def case(self, asked: Asked) -> Response:
        """One case."""
        case_id = asked.request.query_params.get("id", "").strip()
        if not case_id:
            raise HTTPException(404)
        filters = asked.filters
        found = await self._sources.case(case_id, self._hub.now(), filters.as_of)
        asked = replace(asked, texts=asked.texts.knowing(found.added_causes))
        entries, clocks = found.timeline.entries, [why(one, asked.texts) for one in found.clocks]
        return self._page(
            *("case.html", asked, "/case"),
            case_id=case_id,
            clocks=sorted(clocks, key=lambda one: not one.runs),
            days=case_page.days(entries, asked.texts),
            people=case_page.people(entries),
            persons=found.timeline.persons if asked.account.may(Right.PERSONS) else [],
            traces=case_page.waterfalls(found.traces),
            kept={"id": case_id},
            present=Filters().case_address(case_id),
        )

    async def figures(self, asked: Asked) -> Response:
        """How limits are kept, and what helped."""
        wanted = asked.request.query_params.get("by", "all")
        by = EffectivenessGroup(wanted) if wanted in set(EffectivenessGroup) else EffectivenessGroup.ALL
        found = await self._sources.figures(asked.filters, by, self._hub.now())
        asked = replace(asked, texts=asked.texts.knowing(found.added_causes))
        texts, filters = asked.texts, asked.filters
        known = {} if self._hub.clocks is None else values(self._hub.clocks, self._hub.now())
        groups: Choice = ("by", texts("ui.by"), by, [(one, texts.named("group", one)) for one in EffectivenessGroup])
        return self._page(
            *("figures.html", asked, "/figures"),
            found=found,
            by=by,
            kept_rows=sorted(found.kept, key=lambda row: (1.0 if row.kept is None else row.kept, -row.total)),
            complaints=by_channel(found.review.complaints),
            causes=ranked([(row.cause, row.named) for row in found.causes]),
            complaint_causes=ranked([(row["cause"], row["named"]) for row in found.review.causes]),
            offered=[*choices(_FIGURES_BY, known, filters, texts), groups],
        )

    async def trends(self, asked: Asked) -> Response:
        """How limits are kept from week to week, or from month to month."""
        wanted = asked.request.query_params.get("by", "week")
        by = Period(wanted) if wanted in set(Period) else Period.WEEK
        texts, filters = asked.texts, asked.filters
        found = await self._sources.trend(filters, by, self._hub.now())
        known = {} if self._hub.clocks is None else values(self._hub.clocks, self._hub.now())
        periods: Choice = ("by", texts("ui.by"), by, [(one, texts.named("trend", one)) for one in Period])
        return self._page(
            *("trends.html", asked, "/trends"),
            found=found,
            names=sorted(found.lines, key=lambda name: (draw.ORDER.get(name, len(draw.ORDER)), name)),
            period_name=texts.short_date if by is Period.WEEK else texts.month,
            offered=[*choices((*_FIGURES_BY, "indicator"), known, filters, texts), periods],
        )

    async def press(self, asked: Asked) -> Response:
        """The post offices' operating day."""
        filters, query = asked.filters, asked.request.query_params
        on = day_of(query.get("day", ""))
        found = await self._sources.press(on, self._hub.now(), filters.as_of)
        clocks = await self._clocks(filters)
        chosen = filters.office or ""
        offices = sorted({*(day.facility for day in found.days), *([chosen] if chosen else ())})
        any_office = ("", asked.texts("ui.any"))
        facilities: Choice = (
            "office",
            asked.texts("press.facility"),
            chosen,
            [any_office, *((one, one) for one in offices)],
        )

        def day_address(day: date | None, **changes: datetime | None) -> str:
            address = filters.address("/press", **changes)
            return address if day is None else f"{address}{'&' if '?' in address else '?'}day={day}"

        return self._page(
            *("press.html", asked, "/press"),
            found=found,
            days=[day for day in found.days if filters.office in {None, day.facility}],
            uncertified=uncertified(clocks.running(), filters),
            at=instant(filters.as_of or self._hub.now()),
            day_address=day_address,
            ms=_milliseconds,
            present=day_address(on, as_of=None),
            dated="" if on is None else on.isoformat(),
            offered=[facilities],
        )

    def _page(self, template: str, asked: Asked, here: str, **given: Any) -> Response:
        filters, now = asked.filters, self._hub.now()
        kept: Mapping[str, str] = given.pop("kept", {})
        present = given.pop("present", filters.address(here, as_of=None))
        response = HTMLResponse(
            draw.page(
                *(template, asked.texts, now),
                account=asked.account,
                csrf=asked.session.csrf,
                filters=filters,
                here=here,
                kept=kept,
                present=present,
                clear=present if kept else here,
                slider=slider(self._hub.first, now, filters.as_of, self._zone),
                language_address=partial(language_address, asked.request),
                **{"offered": [], "dated": None, **given},
            )
        )
        remember_language(asked.request, response)
        return response

    async def _changes(self, asked: Asked) -> AsyncGenerator[bytes]:
        """Each change as one event: the server's time, and the parts that changed. Ends with the session."""
        hub, token = self._hub, asked.request.cookies.get(COOKIE)
        sent: dict[str, str] = {}
        version: int | None = -1
        with hub.looking():
            while self._sessions.of(token, asked=False) is not None:
                if version is None:
                    yield b": alive\n\n"
                elif hub.clocks is None:
                    yield b"event: away\ndata: {}\n\n"
                else:
                    parts = self.regions(asked.texts, asked.account, asked.filters, hub.clocks)
                    changed = {name: html for name, html in parts.items() if sent.get(name) != html}
                    if changed:
                        sent = parts
                        said = {"now": draw.milliseconds(hub.now()), "parts": changed}
                        yield b"data: " + orjson.dumps(said) + b"\n\n"
                version = await hub.after(hub.version, _ALIVE_S)
            yield b"event: end\ndata: {}\n\n"

    async def _clocks(self, filters: Filters) -> Clocks:
        if filters.as_of is not None:
            return await self._sources.past(filters.as_of)
        if self._hub.clocks is None:
            raise NotBuiltError
        return self._hub.clocks

    def regions(self, texts: Texts, account: Account, filters: Filters, clocks: Clocks) -> dict[str, str]:
        """Drawn once for all who look at the same at the same time."""
        if filters.as_of is not None:
            return _drawn(texts, account, filters, clocks, filters.as_of, None)
        if self._drawn.version != self._hub.version:
            self._drawn = _Drawn(self._hub.version, {})
        key = (filters, texts.language, account.role)
        if key not in self._drawn.parts:
            with self._hub.drawing():
                parts = _drawn(texts, account, filters, clocks, self._hub.now(), self._hub.health)
            self._drawn.parts[key] = parts
        return self._drawn.parts[key]


def _milliseconds(at: Instant) -> int:
    return draw.milliseconds(moment(at))


def _drawn(
    texts: Texts, account: Account, filters: Filters, clocks: Clocks, now: datetime, health: Sequence[Part] | None
) -> dict[str, str]:
    return draw.regions(texts, account, filters, summarise(clocks, filters, now, draw.ORDER), health)
