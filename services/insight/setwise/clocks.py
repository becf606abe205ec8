"""The clocks' operations by sets: what `services.insight.views.sla` makes event by event, made by one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, get_args

from services.insight.indicators.base import Indicator, On, policy_name
from services.insight.indicators.conditions import Condition
from services.insight.indicators.plan import START, OfType
from services.insight.instants import Connection, Instant, instant, moment
from services.insight.setwise import Setwise
from services.insight.setwise.pieces import edges, opening_edges, pieces
from shared.contracts.base import Event
from shared.deadlines import Calendar, Calendars, Policies, Policy, Span, Unit

COLUMNS = (
    *("position", "seq", "op", "clock_id", "at", "case_id", "indicator", "variant", "channel", "office", "topic"),
    *("owner", "due_at", "norm_due_at", "policy_version", "recorded_at"),
)
_MONTH = timedelta(days=31)
_EVER = (1 << 63) - 1
"""How PostgreSQL keeps an instant that never comes."""
_TABLES = """
CREATE TEMP TABLE clock_row (type text, seq smallint, op text, clock text, condition integer, key text, key_2 text,
    at text, "case" text, indicator text, variant text, exception integer, exceptional text, channel text, office text,
    topic text, owner text, due text);
CREATE TEMP TABLE clock_office (office text, calendar integer);
CREATE TEMP TABLE clock_policy (indicator text, variant text, calendar integer, since timestamptz, until timestamptz,
    number integer, "limit" interval, limit_rule integer, norm interval, norm_rule integer);
CREATE TEMP TABLE clock_piece (rule integer, day date, since timestamptz, until timestamptz, shift interval,
    fixed timestamptz);
SET TimeZone = 'UTC';
"""
# What has no policy, or no due moment, has no id either, which its table refuses: then the folds say what is wrong.
# OFFSET 0: what is taken out of an event's JSON is taken out once.
_SELECT = """
SELECT position, seq, op,
       CASE WHEN op <> 'start' OR number IS NOT NULL AND due IS NOT NULL THEN clock || ':' || key END,
       at, coalesce("case", key), indicator, variant, channel, office, topic, owner, due, norm, number, recorded_at
FROM (
    SELECT m.*, p.number, coalesce(m.said, m.at + p.limit, l.fixed, m.at + l.shift) AS due,
           CASE WHEN m.said IS NULL THEN coalesce(m.at + p.norm, n.fixed, m.at + n.shift) END AS norm
    FROM (
        SELECT e.position, e.recorded_at, o.seq, o.op, o.clock, o.indicator,
               CASE WHEN o.key_2 IS NULL THEN e.data->>o.key
                    ELSE (e.data->>o.key) || '/' || (e.data->>o.key_2) END AS key,
               CASE WHEN o.at IS NULL THEN e.occurred_at ELSE (e.data->>o.at)::timestamptz END AS at,
               nullif(e.data->>o."case", '') AS "case",
               CASE WHEN {excepted} THEN o.exceptional ELSE e.data->>o.variant END AS variant,
               e.data->>o.channel AS channel, e.data->>o.office AS office, e.data->>o.topic AS topic,
               e.data->>o.owner AS owner, (e.data->>o.due)::timestamptz AS said
        FROM store.event e JOIN clock_row o ON o.type = e.type
        WHERE (xid, position) > ($1::xid8, $2::bigint) AND (xid, position) <= ($3::xid8, $4::bigint) AND {meant}
        OFFSET 0
    ) m
    LEFT JOIN clock_office USING (office)
    LEFT JOIN clock_policy p ON p.indicator = m.indicator AND p.variant = coalesce(m.variant, '')
        AND p.calendar = coalesce(clock_office.calendar, 0) AND m.at >= p.since AND m.at < p.until
    LEFT JOIN clock_piece l ON l.rule = p.limit_rule AND l.day = m.at::date AND m.at >= l.since AND m.at < l.until
    LEFT JOIN clock_piece n ON n.rule = p.norm_rule AND n.day = m.at::date AND m.at >= n.since AND m.at < n.until
) t
WHERE at IS NOT NULL AND NOT (op = 'vary' AND variant IS NULL)
"""


def clocks(plan: Mapping[str, OfType], policies: Policies, calendars: Calendars) -> Setwise:
    """How the database makes the operations of these indicators' clocks."""
    able = {name: of_type for name, of_type in plan.items() if _is_able(of_type)}
    meant, excepted, rules = _Conditions(), _Conditions(), _Rules()
    rows = [row for name, of_type in able.items() for row in _rows(name, of_type, meant, excepted)]
    limits = [row for some in able.values() for one in some.starts for row in _limits(one, policies, calendars, rules)]
    offices = {name: number for number, name in enumerate(calendars.own, 1)}

    def lay_out(days: Sequence[date]) -> Callable[[Connection], Awaitable[None]]:
        tables: dict[str, Iterable[tuple[Any, ...]]] = {
            "clock_row": rows,
            "clock_office": offices.items(),
            "clock_policy": limits,
            "clock_piece": list(rules.pieces(days)),
        }

        async def prepare(connection: Connection) -> None:
            await connection.execute(_TABLES)
            for table, records in tables.items():
                await connection.copy_records_to_table(table, records=records)
                await connection.execute(f"ANALYZE {table}")

        return prepare

    select = _SELECT.format(meant=meant.sql("o.condition", "true"), excepted=excepted.sql("o.exception", "false"))
    return Setwise(frozenset(able), lay_out, COLUMNS, select)


def _is_able(of_type: OfType) -> bool:
    """Whether the database can do all that events of a type do."""
    return all(
        _is_plain(on) for on in (*(one.start for one in of_type.starts), *(one.on for one in of_type.operations))
    )


def _is_plain(on: On) -> bool:
    """Whether it needs neither a list's items nor what only Python reckons."""
    reckoned = (on.each, on.by, on.plus, on.minus)
    return not any(reckoned) and (on.due is None or _says_moments(on.event, on.due))


def _says_moments(event: type[Event], name: str) -> bool:
    """Whether a field of an event says moments, not days."""
    found = event.model_fields.get(name)
    return found is not None and date not in _types(found.annotation)


def _types(annotation: Any) -> set[Any]:
    return {annotation}.union(*(_types(one) for one in get_args(annotation)))


@dataclass(slots=True)
class _Conditions:
    """The conditions of all rows, each once, by number; 0 is none."""

    numbers: dict[Condition, int] = field(default_factory=dict[Condition, int])

    def number(self, condition: Condition | None) -> int:
        return 0 if condition is None else self.numbers.setdefault(condition, len(self.numbers) + 1)

    def sql(self, column: str, otherwise: str) -> str:
        """Whether the condition holds that a column has the number of."""
        return _search(column, [otherwise, *(condition.sql for condition in self.numbers)])


def _search(column: str, answers: Sequence[str], first: int = 0) -> str:
    """The answer that a column has the number of, halving: a CASE of many would be asked one by one, for each row."""
    if len(answers) == 1:
        return answers[0]
    half = len(answers) // 2
    low, high = _search(column, answers[:half], first), _search(column, answers[half:], first + half)
    return f"CASE WHEN {column} < {first + half} THEN {low} ELSE {high} END"


def _rows(name: str, of_type: OfType, meant: _Conditions, excepted: _Conditions) -> Iterable[tuple[Any, ...]]:
    """What events of a type do, as rows of `clock_row`."""
    for seq, one in of_type.numbered_starts():
        on = one.start
        condition, exceptional = one.exception or (None, None)
        yield (
            *(name, seq, START, one.clock, meant.number(on.when), *_keys(on), on.at, _case(on), one.name, one.variant),
            *(excepted.number(condition), exceptional, on.channel, on.office, on.topic, on.owner, on.due),
        )
    for seq, one in of_type.numbered_operations():
        on = one.on
        yield (
            *(name, seq, one.op, one.clock, meant.number(on.when), *_keys(on), on.at, _case(on), None, one.variant),
            *(0, None, None, None, None, one.owner, on.due),
        )


def _case(on: On) -> str | None:
    """The field that names the case; None: the key does."""
    return None if on.key == on.case else on.case


def _keys(on: On) -> tuple[str, str | None]:
    match on.key:
        case str(name):
            return name, None
        case (name, other):
            return name, other
        case names:
            raise ValueError(f"a clock's key of {len(names)} fields; name one or two")


def _policy_names(indicator: Indicator, policies: Policies) -> dict[str, str]:
    """The policies of an indicator by variant; "" is none."""
    prefix = policy_name(indicator.name, "")
    variants = {name.removeprefix(prefix): name for name in policies.names if name.startswith(prefix)}
    return variants | ({"": indicator.name} if indicator.name in policies.names else {})


def _limits(indicator: Indicator, policies: Policies, calendars: Calendars, rules: _Rules) -> Iterable[tuple[Any, ...]]:
    """Every version of an indicator's policies, in every calendar, from when to when it judges."""
    for variant, name in _policy_names(indicator, policies).items():
        for number, calendar in enumerate((calendars.default, *calendars.own.values())):
            until = _EVER
            for policy in policies.versions(name):
                since = instant(policy.in_force_from)
                limit, norm = (rules.of(policy, span, calendar) for span in (policy.limit, policy.norm))
                yield (indicator.name, variant, number, since, until, policy.version, *limit, *norm)
                until = min(until, since)


@dataclass(slots=True)
class _Rules:
    """How spans are reckoned that are not equally long always, each once, by number."""

    numbers: dict[tuple[Span, bool, Calendar], int] = field(default_factory=dict[tuple[Span, bool, Calendar], int])

    def of(self, policy: Policy, span: Span | None, calendar: Calendar) -> tuple[timedelta | None, int | None]:
        """How long a span is; or the number of its rule; or neither, where there is none."""
        if span is None:
            return None, None
        if span.unit is Unit.SECONDS and not policy.from_working_day:
            return timedelta(seconds=span.amount), None
        return None, self.numbers.setdefault((span, policy.from_working_day, calendar), len(self.numbers))

    def pieces(self, days: Sequence[date]) -> Iterable[tuple[Any, ...]]:
        """All rules over these days, and a month around each: much begins a little before or after it is recorded."""
        around = sorted({day + timedelta(days=more) for day in days for more in range(-_MONTH.days, _MONTH.days + 1)})
        at = {calendar.zone: edges(around, calendar.zone) for _, _, calendar in self.numbers}
        for (span, carried, calendar), number in self.numbers.items():

            def ends(
                start: Instant, span: Span = span, carried: bool = carried, calendar: Calendar = calendar
            ) -> Instant:
                return instant(calendar.add(span, moment(start), from_working_day=carried))

            cuts = at[calendar.zone]
            if span.unit is Unit.WORKING_SECONDS:
                cuts = sorted({*cuts, *opening_edges(around, calendar, ends)})
            for piece in pieces(around, cuts, ends):
                shift = None if piece.shift is None else timedelta(microseconds=piece.shift)
                yield (number, piece.day, piece.since, piece.until, shift, piece.fixed)
