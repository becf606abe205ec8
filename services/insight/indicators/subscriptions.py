"""What subscriptions owe (DOMAIN.md §6)."""

from __future__ import annotations

from services.insight.indicators.base import Indicator

INDICATORS: tuple[Indicator, ...] = ()
