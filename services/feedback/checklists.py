"""Checklists of quality inspections (DOMAIN.md §5), as data: each point, and what it weighs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CHECKLISTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "counter": MappingProxyType(
            {
                "greeting": 1,
                "consumers_language": 2,
                "introduction": 1,
                "purpose": 2,
                "help_or_hand_over": 3,
                "further_services": 1,
                "farewell": 1,
                "eye_contact": 1,
                "posture": 1,
                "attention": 2,
                "appearance": 1,
            }
        ),
        "phone": MappingProxyType(
            {
                "greeting": 1,
                "consumers_language": 2,
                "introduction": 1,
                "purpose": 2,
                "help_or_hand_over": 3,
                "further_services": 1,
                "farewell": 1,
                "calm_voice": 1,
                "no_interrupting": 2,
                "hold_announced": 1,
                "call_back_promised": 2,
            }
        ),
    }
)
"""The first seven points are those of every conversation; then, at the counter, conduct without words (eye contact,
posture, attention, appearance), and on the phone its own manners."""
