"""The stock way to a projection: `ProjectionRunner`, a view with tracking over psycopg, one event a transaction.

The fold is ours, so both sides make the same rows; times stay integers here, which spares the stock side some work.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier, Placeholder

from services.insight.instants import instant
from services.insight.projection import Row, Seen
from services.insight.views.sla import COLUMNS
from services.insight.views.sla import projection as sla
from shared.centre import centre
from tests.bench.history import Line

_BATCH = 200
_TYPES = {"timestamptz NOT NULL": "bigint", "timestamptz": "bigint"}


class Case(Aggregate):
    """A case whose events carry our events' data."""

    class Began(Aggregate.Created):
        kind: str
        data: dict[str, Any]
        occurred_at: str

    class Happened(Aggregate.Event):
        kind: str
        data: dict[str, Any]
        occurred_at: str

        def apply(self, aggregate: Any) -> None:
            """A view needs no state of it."""

    def __init__(self, **_: Any) -> None:
        pass


class Cases(Application[UUID]):
    """Keeps cases."""

    name = "cases"


class SlaView(PostgresTrackingRecorder):
    """The rows of `sla`, written together with the tracking of their event."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.check_identifier_length("sla_view")
        table = (Identifier(datastore.schema), Identifier("sla_view"))
        columns = "position bigint NOT NULL, seq smallint NOT NULL" + "".join(
            f", {name} {_TYPES.get(kind, kind)}" for name, kind in COLUMNS
        )
        self.sql_create_statements.append(SQL(f"CREATE TABLE IF NOT EXISTS {{0}}.{{1}} ({columns})").format(*table))
        values = SQL(", ").join([Placeholder()] * (2 + len(COLUMNS)))
        self.insert_row = SQL("INSERT INTO {0}.{1} VALUES ({2})").format(*table, values)

    def add(self, rows: list[Row], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for row in rows:
                cursor.execute(self.insert_row, row, prepare=True)


class SlaProjection(Projection[SlaView]):
    """Our fold, called as the library calls folds."""

    name = "sla"
    folds: ClassVar = sla(centre("Asia/Almaty")).folds

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        seen = Seen(
            tracking.notification_id,
            domain_event.kind,
            instant(domain_event.occurred_at),
            instant(domain_event.timestamp),
            domain_event.data,
        )
        self.view.add(list(self.folds[domain_event.kind](seen)), tracking)


def fill(environment: dict[str, str], lines: list[Line], events: int) -> int:
    """Keep as many of the sample's events as cases whole give, about `events`; how many there are."""
    cases: dict[str, Case] = {}
    kept = 0
    for line in lines[:events]:
        happened = {
            "kind": line.event.type_name(),
            "data": line.event.model_dump(mode="json"),
            "occurred_at": line.row[6].isoformat(),
        }
        case = cases.get(line.case_id)
        if case is None:
            cases[line.case_id] = Case._create(Case.Began, **happened)
        else:
            case.trigger_event(Case.Happened, **happened)
        kept += 1
    app = Cases(environment)
    try:
        waiting = list(cases.values())
        for start in range(0, len(waiting), _BATCH):
            app.save(*waiting[start : start + _BATCH])
    finally:
        app.close()
    return kept


def run(environment: dict[str, str], last: int) -> float:
    """Seconds that the runner takes from its start until the view has followed up to notification `last`."""
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Cases, projection_class=SlaProjection, view_class=SlaView, env=environment
    ) as runner:
        runner.wait(last, timeout=600)
        return time.perf_counter() - began


async def rate(environment: dict[str, str], events: int) -> float:
    """Events a second of one run from the first event to the last."""
    return events / await asyncio.to_thread(run, environment, events)
