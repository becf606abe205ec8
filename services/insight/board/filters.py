"""What a page is asked for, as it stands in its address: so a page can be sent to somebody, and come back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, tzinfo
from urllib.parse import urlencode

from services.insight.board.clocks import Standing

_YEARS = range(1900, 2201)
_LONGEST = 200


class NotATimeError(ValueError):
    """The address asks for a moment that is none."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which clocks, and as of when; None: all, and now."""

    office: str | None = None
    channel: str | None = None
    topic: str | None = None
    owner: str | None = None
    indicator: str | None = None
    as_of: datetime | None = None

    def fits(self, one: Standing) -> bool:
        """Whether it is asked for."""
        return (
            (self.office is None or one.office == self.office)
            and (self.channel is None or one.channel == self.channel)
            and (self.topic is None or one.topic == self.topic)
            and (self.owner is None or one.owner == self.owner)
            and (self.indicator is None or one.indicator == self.indicator)
        )

    def address(self, path: str, **changes: str | datetime | None) -> str:
        """The address of a page with these filters, and `changes` made to them."""
        changed = replace(self, **changes)
        query = {name: value for name in NAMES if (value := getattr(changed, name)) is not None} | changed.moment
        return f"{path}?{urlencode(query)}" if query else path

    def case_address(self, case_id: str) -> str:
        """The address of a case's page, as of the same moment."""
        return f"/case?{urlencode({'id': case_id, **self.moment})}"

    @property
    def moment(self) -> dict[str, str]:
        """The moment, as it stands in an address."""
        return {} if self.as_of is None else {"as_of": self.as_of.isoformat(timespec="minutes")}


NAMES = tuple(field.name for field in fields(Filters) if field.name != "as_of")


def from_query(query: Mapping[str, str], zone: tzinfo) -> Filters:
    """The filters that an address asks for; a moment without an offset is the centre's time.

    Raises:
        NotATimeError: `as_of` is no time, or too far away.
    """
    asked = {name: query[name][:_LONGEST] for name in NAMES if query.get(name)}
    return Filters(**asked, as_of=_moment(query.get("as_of", ""), zone))


def day_of(text: str) -> date | None:
    """The day that an address asks for; None: it asks for none.

    Raises:
        NotATimeError: it is no date, or too far away.
    """
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotATimeError(text[:_LONGEST]) from None
    if day.year not in _YEARS:
        raise NotATimeError(text[:_LONGEST])
    return day


def _moment(text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        # In an address a plus that was not escaped is a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise NotATimeError(text[:_LONGEST]) from None
    if moment.year not in _YEARS:
        raise NotATimeError(text[:_LONGEST])
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
