"""What subscriptions owe (DOMAIN.md §6)."""

from __future__ import annotations

from services.insight.indicators.base import Indicator, On
from shared.contracts.subscriptions import DayCertified, DayOpened

INDICATORS: tuple[Indicator, ...] = (
    # The extended protocol is certified at the end of the operating day.
    Indicator(
        name="day_certified",
        stage="§6",
        clock="day_certified",
        start=On(event=DayOpened, owner="worker", office="facility", due="due_at"),
        stops=(On(event=DayCertified),),
    ),
)
