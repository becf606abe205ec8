"""Who says it: what every span and metric of a process carries."""

from __future__ import annotations

import os
from collections.abc import Mapping

from opentelemetry.sdk.resources import Resource

from . import names


def resource(service: str, instance: str | None) -> Resource:
    """The process `service`; `instance` tells replicas apart (default: the process id)."""
    identity: Mapping[str, str] = {
        names.SERVICE_NAME: f"tereze-{service}",
        names.SERVICE_NAMESPACE: "tereze",
        names.SERVICE_INSTANCE: instance or str(os.getpid()),
    }
    return Resource.create(identity)
