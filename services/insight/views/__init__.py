"""The projections: every module here that defines `projection(zone)` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from services.insight.projection import Projection


class UnknownProjectionError(LookupError):
    """There is no projection of that name."""


def projections(timezone: str, names: Sequence[str] = ()) -> tuple[Projection, ...]:
    """All projections, or those named, for a centre in `timezone`.

    Raises:
        UnknownProjectionError: when there is no projection of a given name.
    """
    zone = ZoneInfo(timezone)
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    known: dict[str, Projection] = {found.name: found for found in (module.projection(zone) for module in modules)}
    for name in names:
        if name not in known:
            raise UnknownProjectionError(f"no projection is called {name!r}; there are: {', '.join(sorted(known))}")
    return tuple(known[name] for name in names or sorted(known))
