"""Delivery lists on paper: by intermediate point and address, or by carrier and address (§6)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from deploy.documents.paper import Paper
from deploy.documents.words import DISTRIBUTION, POINT
from services.subscriptions.delivery import Delivery


def draw(month: str, found: Sequence[Delivery]) -> Paper:
    """A list for each point, in the order in which they are given."""
    paper = Paper(f"{month}", landscape=True)
    paper.heading(f"ЖЕТКІЗУ ТІЗІМДЕРІ / СПИСКИ ДОСТАВКИ: {month}")
    for (system, point), lines in groupby(found, key=lambda one: (one.distribution, one.point)):
        theirs = list(lines)
        paper.heading(f"{POINT[system]}: {point} ({DISTRIBUTION[system]})", 10)
        rows = [
            [one.index, one.title, one.abonement, f"{one.copies}", f"{one.issues}", one.address, one.name]
            for one in theirs
        ]
        rows.append(["", "Барлығы / Всего", "", f"{sum(one.copies for one in theirs)}", "", "", ""])
        head = [
            "Индекс",
            "Атауы / Наименование",
            "Абонемент №",
            "Дана / Экз.",
            "Номер",
            "Мекенжай / Адрес",
            "Кімге / Кому",
        ]
        paper.grid(head, rows, [18, 50, 48, 18, 16, 70, 50], right=(3, 4))
    if not found:
        paper.words("Жеткізілетін ештеңе жоқ / Доставлять нечего")
    return paper
