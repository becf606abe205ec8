"""The file of a what-if: other limits, norms and calendars, and since when they would hold (`tereze what-if`).

[[limits]]
policy = "mail_answer.house"     # as `tereze sla --by policy` names it; "mail_answer.*": it with all its variants
limit = "5 working days"         # seconds, min, h, days, months; working h, working days
norm = "2 days"                  # where the limit is a range
from_working_day = true          # what comes on a closed day counts from the next working day; left out: as now
in_force_from = 2026-03-01       # what starts earlier is judged as it is now; left out: since ever
calendar = "weekends"            # of the whole indicator, one of those below; left out: the centre's

[calendars.weekends]             # written like the centre's data file (shared/centre.toml)
country = "KZ"
[calendars.weekends.hours]
saturday = ["10:00-14:00"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, StrictStr, ValidationError

from services.insight.indicators import INDICATORS, Indicator
from services.insight.policies import POLICIES
from shared.centre import CentreFileError, calendars
from shared.deadlines import Calendars, Policies, Policy, Span, Unit

_SPAN = re.compile(r"([0-9]{1,9}) *(working +)?([a-z]+)")
_SECONDS = {"s": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600}
_SECONDS["hours"] = 3600
_OTHERS = {"day": Unit.DAYS, "days": Unit.DAYS, "month": Unit.MONTHS, "months": Unit.MONTHS}
_LONGEST_S = 3653 * 86_400
_EVER = datetime.min.replace(tzinfo=UTC)


class ProposalError(ValueError):
    """The file can't be used; the message says where and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Limit(_Part):
    policy: StrictStr
    limit: StrictStr
    norm: StrictStr | None = None
    from_working_day: StrictBool | None = None
    in_force_from: datetime | date | None = None
    calendar: StrictStr | None = None


class _File(_Part):
    limits: list[_Limit]
    calendars: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would hold instead."""

    policies: Policies
    """All policies, the unchanged ones included."""
    stated: tuple[Policy, ...]
    """Those that the file states."""
    indicators: tuple[Indicator, ...]
    """What they judge."""
    calendars: Mapping[str, Calendars]
    """By indicator, where it is another than the centre's."""


def parse(text: str, zone: tzinfo, current: Policies = POLICIES) -> Proposal:
    """The proposal that a file makes, checked.

    Raises:
        ProposalError: it is not TOML, or says what can't be.
    """
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProposalError(f"it is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ProposalError(f"{_place(first['loc'])}: {first['msg']}") from error
    if not file.limits:
        raise ProposalError("it states no limits; begin with [[limits]], policy = … and limit = …")
    stated: list[Policy] = []
    for number, one in enumerate(file.limits, 1):
        try:
            stated += _stated(one, zone, current)
        except ValueError as error:
            raise ProposalError(f"limits {number}: {error}") from error
    _once(stated)
    indicators = tuple(one for one in INDICATORS if any(_judges(policy.name, one) for policy in stated))
    return Proposal(_merged(current, stated), tuple(stated), indicators, _calendars(file, indicators, zone))


def span(text: str) -> Span:
    """A length of time as people write it, and as `str(Span)` does: "40 seconds", "2 h", "5 working days".

    Raises:
        ValueError: it is none, or longer than ten years.
    """
    found = _SPAN.fullmatch(text.strip())
    amount, working, unit = (int(found[1]), bool(found[2]), found[3]) if found else (0, False, "")
    if unit in _SECONDS:
        result = Span(amount * _SECONDS[unit], Unit.WORKING_SECONDS if working else Unit.SECONDS)
    elif unit in _OTHERS and not (working and unit.startswith("month")):
        result = Span(amount, Unit.WORKING_DAYS if working else _OTHERS[unit])
    else:
        raise ValueError(
            f"{text!r} is no length of time; write e.g. 40 seconds, 20 min, 2 h, 4 working h, 10 days, 5 working days "
            "or 3 months"
        )
    if result.nominal_s > _LONGEST_S:
        raise ValueError(f"{text!r} is longer than ten years")
    return result


def _stated(one: _Limit, zone: tzinfo, current: Policies) -> list[Policy]:
    limit, norm = span(one.limit), None if one.norm is None else span(one.norm)
    if norm is not None and norm.nominal_s > limit.nominal_s:
        raise ValueError(f"the norm, {norm}, is longer than the limit, {limit}; exchange them, or leave the norm out")
    since = _moment(one.in_force_from, zone)
    found: list[Policy] = []
    for name in _named(one.policy, current):
        latest = current.versions(name)[0]
        version = max(policy.version for policy in current.versions(name)) + 1
        carried = latest.from_working_day if one.from_working_day is None else one.from_working_day
        found.append(Policy(name, version, since, limit, norm, carried))
    return found


def _named(said: str, current: Policies) -> list[str]:
    """The policies that a name, or a name with all its variants, means."""
    base = said.removesuffix(".*")
    found = [name for name in current.names if name == said or (said != base and _is_of(name, base))]
    if not found:
        near = get_close_matches(base, current.names)
        meant = f"did you mean {' or '.join(near)}?" if near else "`tereze sla --by policy` names them"
        raise ValueError(f"no policy is called {said!r}; {meant}")
    return found


def _is_of(policy: str, indicator: str) -> bool:
    return policy == indicator or policy.startswith(f"{indicator}.")


def _judges(policy: str, indicator: Indicator) -> bool:
    return _is_of(policy, indicator.name)


def _moment(said: datetime | date | None, zone: tzinfo) -> datetime:
    """A day begins at the centre's midnight; a time without an offset is the centre's."""
    if said is None:
        return _EVER
    moment = said if isinstance(said, datetime) else datetime.combine(said, time.min)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _once(stated: Iterable[Policy]) -> None:
    seen: set[tuple[str, datetime]] = set()
    for policy in stated:
        if (policy.name, policy.in_force_from) in seen:
            since = "since ever" if policy.in_force_from == _EVER else f"from {policy.in_force_from:%Y-%m-%d %H:%M}"
            raise ProposalError(f"{policy.name} {since} is stated twice; leave one out, or date it otherwise")
        seen.add((policy.name, policy.in_force_from))


def _merged(current: Policies, stated: Iterable[Policy]) -> Policies:
    """What is stated rules from its first date on; before that, what rules now."""
    first: dict[str, datetime] = {}
    for policy in stated:
        first[policy.name] = min(policy.in_force_from, first.get(policy.name, policy.in_force_from))
    kept = (
        policy
        for name in current.names
        for policy in current.versions(name)
        if name not in first or policy.in_force_from < first[name]
    )
    return Policies([*kept, *stated])


def _calendars(file: _File, indicators: Iterable[Indicator], zone: tzinfo) -> dict[str, Calendars]:
    made: dict[str, Calendars] = {}
    for name, said in file.calendars.items():
        try:
            made[name] = calendars(said, zone)
        except CentreFileError as error:
            raise ProposalError(f"calendars.{name}: {error}") from error
    if unused := made.keys() - {one.calendar for one in file.limits}:
        raise ProposalError(f"calendars.{min(unused)} is used by no limit; name it there, or leave it out")
    found: dict[str, Calendars] = {}
    for indicator in indicators:
        names = {one.calendar for one in file.limits if _judges(one.policy.removesuffix(".*"), indicator)}
        if len(names) > 1:
            raise ProposalError(
                f"{indicator.name} is given several calendars; one holds for all its policies and dates: "
                "name the same one in each of its limits, or none"
            )
        (name,) = names
        if name is not None and name not in made:
            raise ProposalError(f"there is no [calendars.{name}], which {indicator.name} is to be counted by")
        if name is not None:
            found[indicator.name] = made[name]
    return found


def _place(loc: Iterable[int | str]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)
