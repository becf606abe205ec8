"""Form PS-1 on paper: the abonement for the subscriber, and the delivery card under it (§6)."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.documents.paper import Paper, tenge
from deploy.documents.read import Abonement
from deploy.documents.words import DISTRIBUTION, KIND, MONTHS, PAYMENT, SELLER
from services.subscriptions.months import term
from shared.contracts.subscriptions import (
    SubscriptionAccepted,
    SubscriptionAnnulled,
    SubscriptionRedirected,
    SubscriptionReversed,
)


def draw(found: Abonement) -> Paper:
    """The form, with what became of it since."""
    form = found.form
    number = form.abonement or form.subscription_id
    paper = Paper(f"ПС-1 № {number}")
    paper.words("ПС-1 нысаны / Форма ПС-1")
    paper.heading(f"АБОНЕМЕНТ № {number}", 16)
    paper.pairs(
        [
            ("Басылым индексі / Индекс издания", form.index),
            ("Газеттің немесе журналдың атауы / Наименование газеты или журнала", form.title),
            ("Дана саны / Количество экземпляров", f"{form.copies}"),
            ("Каталог бағасы (1 дана) / Цена по каталогу (1 экз.)", f"{tenge(form.price - form.delivery_price)} ₸"),
            ("Жеткізу бағасы (1 дана) / Цена доставки (1 экз.)", f"{tenge(form.delivery_price)} ₸"),
            ("Барлығы / Итого", f"{tenge(form.amount)} ₸, {PAYMENT[form.payment]}"),
        ]
    )
    paper.ln(2)
    _term(paper, form)
    paper.pairs(
        [
            ("Жазылушы / Подписчик", f"{form.name} ({KIND[form.subscriber_kind]})"),
            ("Толық мекенжайы / Полный адрес", form.address),
            ("Қабылдаған / Принял", f"{SELLER[form.seller]}: {form.worker}, {form.facility}"),
            ("Қабылданған күні / Дата приёма", f"{form.day or found.accepted_at.date()}"),
        ]
    )
    paper.signature("Жазылушының қолы / Подпись подписчика")
    paper.signature("Жұмыскердің қолы / Подпись работника")
    _card(paper, form, number)
    _changes(paper, found)
    return paper


def _term(paper: Paper, form: SubscriptionAccepted) -> None:
    """The months of the term, a line for each year, with the issues of each month."""
    months = term(form.first_month, form.months)
    issues = dict(zip(months, form.issues or [0] * len(months), strict=True))
    years = sorted({month[:4] for month in months})
    rows = [
        [year, *("" if (month := f"{year}-{one}") not in issues else f"✓ {issues[month] or ''}" for one in MONTHS)]
        for year in years
    ]
    paper.words(f"Жазылу мерзімі, айлар / Срок подписки, месяцы: {form.months} (✓ шығарылым саны / число номеров)", 8)
    paper.grid(["", *MONTHS], rows, [14, *(14 for _ in MONTHS)])


def _card(paper: Paper, form: SubscriptionAccepted, number: str) -> None:
    paper.ln(4)
    paper.set_dash_pattern(2, 2)
    paper.line(paper.l_margin, paper.get_y(), paper.w - paper.r_margin, paper.get_y())
    paper.set_dash_pattern()
    paper.ln(3)
    paper.heading("ЖЕТКІЗУ КАРТОЧКАСЫ / ДОСТАВОЧНАЯ КАРТОЧКА", 11)
    somewhere = form.place or form.facility
    months = term(form.first_month, form.months)
    paper.pairs(
        [
            ("Абонемент", f"№ {number}"),
            ("Индекс, басылым / Индекс, издание", f"{form.index} {form.title}"),
            ("Мерзімі, дана саны / Срок, экземпляры", f"{months[0]} – {months[-1]}, {form.copies}"),
            ("Кімге, қайда / Кому, куда", f"{form.name}\n{form.address}"),
            (
                "Тарату жүйесі / Система распространения",
                DISTRIBUTION[form.distribution] if form.distribution else "–",
            ),
            (
                "Аралық пункт, таратушы / Промежуточный пункт, доставщик",
                f"{form.sorting_point or somewhere}, {form.carrier or somewhere}",
            ),
        ]
    )


def _changes(paper: Paper, found: Abonement) -> None:
    rows: list[Sequence[str]] = []
    for at, change in found.changes:
        day = f"{at.date()}"
        match change:
            case SubscriptionAnnulled():
                what = f"{change.from_month}-ден бастап аннуляцияланды / аннулировано с {change.from_month}"
                rows.append([day, what, f"{change.copies} дана / экз., {tenge(change.refund)} ₸"])
            case SubscriptionRedirected():
                what = f"{change.from_month}-ден бастап басқа мекенжайға / переадресовано с {change.from_month}"
                rows.append([day, what, change.address])
            case SubscriptionReversed():
                what = "Қате ресімделді, кері қайтарылды / Оформлено ошибочно, сторнировано"
                rows.append([day, what, f"{tenge(change.amount)} ₸"])
            case _:
                pass
    if rows:
        paper.ln(2)
        paper.heading("Өзгерістер / Изменения", 10)
        paper.grid(["Күні / Дата", "Не болды / Что", "Толығырақ / Подробнее"], rows, [24, 96, 62])
