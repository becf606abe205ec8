"""docs/projections.md shows a projection in one file: it is one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from services.insight.instants import instant
from services.insight.projection import Projection, Seen
from shared.centre import centre

ROOT = Path(__file__).parents[2]


def test_the_projection_on_the_page_folds_a_subscription() -> None:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/projections.md").read_text(), re.DOTALL)
    module: dict[str, Any] = {"__name__": "sales"}
    exec(compile(code, "docs/projections.md", "exec"), module)  # noqa: S102 - our own page
    sales: Projection = module["projection"](centre("Asia/Almaty"))
    data = orjson.loads((ROOT / "tests/unit/frozen_events/SubscriptionAccepted.v1.json").read_bytes())
    at = instant(datetime(2026, 10, 5, 6, tzinfo=UTC))
    [row] = sales.rows(Seen(7, "SubscriptionAccepted", at, at, data))
    assert dict(zip(sales.column_names, row, strict=True)) == {
        "position": 7,
        "seq": 0,
        "at": at,
        "facility": data["facility"],
        "publication": data["index"],
        "copies": data["copies"],
        "amount": data["amount"],
    }
