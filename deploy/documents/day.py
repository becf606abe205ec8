"""The extended protocol of an operating day on paper (§6)."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.documents.paper import Paper, tenge
from deploy.documents.words import BOOKING, COUNTED, PAYMENT, SELLER
from services.subscriptions.protocol import Protocol
from shared.contracts.subscriptions import Counted, Difference
from shared.contracts.values import Payment

_MONEY = frozenset({Counted.CASH, Counted.INVOICED, Counted.BROUGHT_CASH})


def draw(found: Protocol) -> Paper:
    """The protocol as it stands; unsigned, it is a draft."""
    paper = Paper(f"{found.facility} {found.day}", landscape=True)
    paper.heading("ЖАЗЫЛЫМ БОЙЫНША КЕҢЕЙТІЛГЕН ХАТТАМА / РАСШИРЕННЫЙ ПРОТОКОЛ ПО ПОДПИСКЕ")
    draft = "" if found.certified else " — ЖОБА, куәландырылмаған / ПРОЕКТ, не заверен"
    paper.words(f"Өндірістік объект / Производственный объект: {found.facility}. Күні / Дата: {found.day}{draft}", 10)
    paper.ln(2)
    _forms(paper, found)
    _refunds(paper, found)
    _totals(paper, found)
    _cards(paper, found)
    _reconciliation(paper, found)
    signed = found.certified
    paper.signature(
        "Хаттаманы куәландырған / Протокол заверил", "" if signed is None else f"{signed.signature} ({signed.worker})"
    )
    return paper


def _forms(paper: Paper, found: Protocol) -> None:
    head = [
        "Абонемент №",
        "Индекс",
        "Атауы / Наименование",
        "Мерзімі / Срок",
        "Дана / Экз.",
        "Баға / Цена, ₸",
        "Сома / Сумма, ₸",
        "Төлем / Оплата",
        "Қабылдаған / Принял",
    ]
    rows = [
        [
            form.abonement or form.subscription_id,
            form.index,
            form.title,
            f"{form.first_month}, {form.months} ай / мес.",
            f"{form.copies}",
            tenge(form.price),
            tenge(form.amount),
            PAYMENT[form.payment],
            f"{SELLER[form.seller]}: {form.worker}",
        ]
        for form in found.forms
    ]
    paper.grid(head, rows, [40, 16, 46, 28, 14, 22, 26, 34, 44], right=(4, 5, 6))


def _refunds(paper: Paper, found: Protocol) -> None:
    if not found.refunds:
        return
    paper.heading("Қайтарылды / Возвращено", 10)
    rows = [
        [one.abonement, one.index, BOOKING[one.booking], f"{one.form_day}", PAYMENT[one.payment], tenge(-one.amount)]
        for one in found.refunds
    ]
    head = ["Абонемент №", "Индекс", "Негізі / Основание", "Қабылданған / Принят", "Төлем / Оплата", "Сома / Сумма, ₸"]
    paper.grid(head, rows, [50, 20, 60, 40, 60, 30], right=(5,))


def _totals(paper: Paper, found: Protocol) -> None:
    paper.heading("Қорытынды / Итоги", 10)
    rows: list[Sequence[str]] = [
        [
            PAYMENT[payment],
            f"{paid.forms}",
            tenge(paid.accepted),
            tenge(-paid.paid_back),
            tenge(paid.balance),
        ]
        for payment, paid in found.paid.items()
    ]
    everything = found.paid.values()
    rows.append(
        [
            "Барлығы / Всего",
            f"{len(found.forms)}",
            tenge(sum(paid.accepted for paid in everything)),
            tenge(-sum(paid.paid_back for paid in everything)),
            tenge(sum(paid.balance for paid in everything)),
        ]
    )
    head = [
        "",
        "Абонемент / Абонементы",
        "Қабылданды / Принято, ₸",
        "Қайтарылды / Возвращено, ₸",
        "Қалдығы / Остаток, ₸",
    ]
    paper.grid(head, rows, [70, 45, 50, 50, 50], right=(1, 2, 3, 4))
    sold: list[Sequence[str]] = [
        [f"{SELLER[one.seller]}: {one.worker}", f"{one.forms}", tenge(one.cash), tenge(one.invoiced)]
        for one in found.sold_by
    ]
    head = ["Қабылдаған / Принял", "Абонемент / Абонементы", PAYMENT[Payment.CASH], PAYMENT[Payment.INVOICE]]
    paper.grid(head, sold, [110, 45, 50, 60], right=(1, 2, 3))


def _cards(paper: Paper, found: Protocol) -> None:
    paper.heading("Жеткізу карточкалары индекс пен мерзім бойынша / Доставочные карточки по индексам и срокам", 10)
    rows: list[Sequence[str]] = [[pile.index, f"{pile.months}", f"{pile.cards}"] for pile in found.cards]
    rows.append(["Барлығы / Всего", "", f"{sum(pile.cards for pile in found.cards)}"])
    paper.grid(["Индекс", "Мерзімі, ай / Срок, мес.", "Карточка / Карточек"], rows, [60, 60, 60], right=(1, 2))


def _reconciliation(paper: Paper, found: Protocol) -> None:
    paper.heading("Салыстыру / Сверка", 10)
    if not found.counts:
        paper.words("Ақша мен карточкалар саналмаған / Деньги и карточки не пересчитаны")
        return
    at, counted = found.counts[-1]
    paper.words(
        f"Саналды / Пересчитано {at:%Y-%m-%d %H:%M}, {counted.worker}: "
        f"{COUNTED[Counted.CASH]} {tenge(counted.cash)} ₸, {COUNTED[Counted.INVOICED]} {tenge(counted.invoiced)} ₸, "
        f"{COUNTED[Counted.CARDS]} {sum(pile.cards for pile in counted.cards)}"
    )
    if not found.differences:
        paper.words("Айырмашылық жоқ / Расхождений нет")
        return
    head = ["Не / Что", "Хаттама / Протокол", "Саналды / Пересчитано", "Айырма / Разница"]
    rows = [[_what(one), *(_amount(one, n) for n in (one.expected, one.found, one.found - one.expected))]
            for one in found.differences]  # fmt: skip
    paper.grid(head, rows, [110, 45, 45, 45], right=(1, 2, 3))


def _what(one: Difference) -> str:
    where = one.worker or (f"{one.index}, {one.months} ай / мес." if one.index else "")
    return f"{COUNTED[one.what]} {where}".strip()


def _amount(one: Difference, count: int) -> str:
    return f"{tenge(count)} ₸" if one.what in _MONEY else f"{count}"
