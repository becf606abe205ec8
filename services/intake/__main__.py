"""The intake service as a process."""

from services.intake.domain import DECIDER
from shared.service.app import run

# Whoever takes requests in also sees to those that reach nobody.
run(DECIDER, sweeps_strays=True)
