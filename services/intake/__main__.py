"""The intake service as a process: which regime holds for which type of case is the centre's."""

from services.intake.domain import decider
from shared.centre import centre
from shared.service.app import run

# Whoever takes requests in also sees to those that reach nobody.
run(decider(centre().case_types), sweeps_strays=True)
