"""The limits that monitoring holds the centre to, one file a service: DOMAIN.md §2 by stage, and §4, Table 5.

A range is a norm and a maximum. To change a limit, add a version with its in-force date; what started before
that date is judged by the version of its time.
"""

from __future__ import annotations

from services.insight.policies import consult, feedback, intake, subscriptions
from shared.deadlines import Policies

POLICIES = Policies([*intake.POLICIES, *consult.POLICIES, *feedback.POLICIES, *subscriptions.POLICIES])
