"""Limits of subscriptions (DOMAIN.md §6)."""

from __future__ import annotations

from shared.deadlines import Policy

POLICIES: tuple[Policy, ...] = ()
