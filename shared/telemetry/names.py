"""Attribute names of spans and metrics: OpenTelemetry's messaging conventions of the day, then our own.

FastStream still emits the older `messaging.operation` and `messaging.destination_publish.name`; these are
the names that current back-ends look for. Values are codes, counts and ids: never a person's text.
"""

from __future__ import annotations

from typing import Final

from opentelemetry.semconv._incubating.attributes import messaging_attributes as _messaging
from opentelemetry.semconv.attributes import error_attributes as _error
from opentelemetry.semconv.attributes import service_attributes as _service

SYSTEM: Final = _messaging.MESSAGING_SYSTEM
SYSTEM_NATS: Final = "nats"
OPERATION_TYPE: Final = _messaging.MESSAGING_OPERATION_TYPE
OPERATION_NAME: Final = _messaging.MESSAGING_OPERATION_NAME
DESTINATION: Final = _messaging.MESSAGING_DESTINATION_NAME
MESSAGE_ID: Final = _messaging.MESSAGING_MESSAGE_ID
BATCH_COUNT: Final = _messaging.MESSAGING_BATCH_MESSAGE_COUNT
CONSUMER_GROUP: Final = _messaging.MESSAGING_CONSUMER_GROUP_NAME

# Values of OPERATION_TYPE.
SEND: Final = _messaging.MessagingOperationTypeValues.SEND.value
RECEIVE: Final = _messaging.MessagingOperationTypeValues.RECEIVE.value
PROCESS: Final = _messaging.MessagingOperationTypeValues.PROCESS.value
SETTLE: Final = _messaging.MessagingOperationTypeValues.SETTLE.value

ERROR_TYPE: Final = _error.ERROR_TYPE
SERVICE_NAME: Final = _service.SERVICE_NAME
SERVICE_NAMESPACE: Final = _service.SERVICE_NAMESPACE
SERVICE_INSTANCE: Final = _service.SERVICE_INSTANCE_ID

CASE_ID: Final = "tereze.case_id"
CONTEXT: Final = "tereze.context"
EVENT_TYPE: Final = "tereze.event_type"
OUTCOME: Final = "tereze.outcome"
POSITION: Final = "tereze.position"
