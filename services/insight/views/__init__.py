"""The projections: every module here that defines `projection(centre)` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from services.insight.projection import Projection
from shared.centre import centre


class UnknownProjectionError(LookupError):
    """There is no projection of that name."""


def projections(timezone: str, names: Sequence[str] = ()) -> tuple[Projection, ...]:
    """All projections, or those named, for the centre of the settings in `timezone`.

    Raises:
        UnknownProjectionError: when there is no projection of a given name.
        CentreFileError: the centre's data file can't be used.
    """
    its = centre(timezone)
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    known: dict[str, Projection] = {found.name: found for found in (module.projection(its) for module in modules)}
    for name in names:
        if name not in known:
            raise UnknownProjectionError(f"no projection is called {name!r}; there are: {', '.join(sorted(known))}")
    return tuple(known[name] for name in names or sorted(known))
