"""Printed documents: what they say can be read again from the PDF, in Kazakh and Russian letters (DOMAIN.md §6)."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from deploy.documents import day as day_document
from deploy.documents import delivery as delivery_document
from deploy.documents import ps1 as ps1_document
from deploy.documents.paper import Paper, tenge
from deploy.documents.read import Abonement
from services.subscriptions.delivery import deliveries
from services.subscriptions.protocol import Protocol, protocol
from shared.contracts.base import Event
from shared.contracts.subscriptions import CardPile, Counted, SubscriptionAccepted
from shared.contracts.values import Distribution, Payment, Seller, SubscriberKind

from .press_world import OCTOBER, accepted, opened
from .test_operating_day import A_DAY, CERTIFIED, DAY, EVENING, booked, counted
from .test_subscription_changes import annulled, redirected, taken_back

FROZEN = Path(__file__).parent / "frozen_events"
KAZAKH = "ӘҒҚҢӨҰҮҺІ әғқңөұүһі"
RUSSIAN = "ЁЙЩЪЫЬЭЮЯ ёйщъыьэюя"


def text(paper: Paper) -> str:
    """What a reader of the PDF finds, blanks and line ends as one blank."""
    pages = PdfReader(BytesIO(bytes(paper.output()))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def form(**facts: Any) -> Any:
    return accepted(
        name=f"Үмбетәлі {KAZAKH}",
        address=f"Шымкент қ., {RUSSIAN} 5",
        title="Ғылым және өңір",
        delivery_price=38_700,
        copies=2,
        amount=377_400,
        subscriber_kind=SubscriberKind.INDIVIDUAL,
        **facts,
    )


def test_the_form_says_all_that_ps1_must() -> None:
    changes = ((OCTOBER, annulled()), (OCTOBER, redirected()), (OCTOBER, taken_back()))
    said = text(ps1_document.draw(Abonement(form(), OCTOBER, changes)))
    for part in (
        "АБОНЕМЕНТ № post-1.2026.000001",
        "75384",
        "Ғылым және өңір",
        "1 500,00 ₸",  # catalogue
        "387,00 ₸",  # delivery
        "3 774,00 ₸, қолма-қол / наличными",
        f"Үмбетәлі {KAZAKH}",
        f"Шымкент қ., {RUSSIAN} 5",
        "✓ 1",  # an issue in that month
        "Жазылушының қолы / Подпись подписчика",
        "ЖЕТКІЗУ КАРТОЧКАСЫ / ДОСТАВОЧНАЯ КАРТОЧКА",
        "2027-01 – 2027-06, 2",
        "аннулировано с 2027-01",
        "Тараз, Абай 5",
        "сторнировано",
    ):
        assert part in said, part


def test_a_form_of_the_time_before_numbers_is_printed_too() -> None:
    """As history holds it: no number, no day, no prices apart, no issues, no delivery system, and nobody's key."""
    frozen = FROZEN / "SubscriptionAccepted.v1.json"
    old = SubscriptionAccepted.model_validate_json(frozen.read_bytes())
    said = text(ps1_document.draw(Abonement(old.model_copy(update={"name": "Ерлан"}), OCTOBER, ())))
    for part in ("АБОНЕМЕНТ № ps1-000042", "75384", "3 801,00 ₸", "7 602,00 ₸", "2026-04 – 2027-03, 2", "2026-10-05"):
        assert part in said, part


def test_what_the_font_lacks_is_printed_as_boxes_and_named_with_its_field(caplog: pytest.LogCaptureFixture) -> None:
    """Regression: the font has no glyph for them, and the form came out with an empty name."""
    lacking = {"name": "张伟 محمد 😀👨\u200d👩️", "address": "北京 1\u3000Абай", "title": "Ғылым שלום"}
    paper = ps1_document.draw(Abonement(accepted(**lacking), OCTOBER, ((OCTOBER, redirected(address="Тараз 東 5")),)))
    said = text(paper)
    for part in ("□□ □□□□ □□□ (жеке", "□□ 1 Абай", "Ғылым □□□□", "Тараз □ 5"):
        assert part in said, part
    assert dict(paper.unprintable) == {
        "Газеттің немесе журналдың атауы / Наименование газеты или журнала": "שלום",
        "Жазылушы / Подписчик": "张伟محد😀👨👩",
        "Толық мекенжайы / Полный адрес": "北京",
        "Индекс, басылым / Индекс, издание": "שלום",
        "Кімге, қайда / Кому, куда": "张伟محد😀👨👩北京",
        "Толығырақ / Подробнее": "東",
    }
    assert not caplog.records, "the font is asked for nothing that it lacks"
    assert not ps1_document.draw(Abonement(form(), OCTOBER, ())).unprintable


def the_day(*events: Event) -> Protocol:
    found = protocol("post-1", DAY, [(event, EVENING) for event in events])
    assert found is not None
    return found


def test_the_protocol_holds_cash_and_invoice_cards_and_signature() -> None:
    found = the_day(*A_DAY, counted(), CERTIFIED)
    assert {payment: paid.balance for payment, paid in found.paid.items()} == {
        Payment.CASH: CERTIFIED.cash,
        Payment.INVOICE: CERTIFIED.invoiced,
    }
    assert [(one.seller, one.forms) for one in found.sold_by] == [(Seller.FACILITY, 2), (Seller.POSTMAN, 1)]
    assert found.cards == CERTIFIED.cards
    assert found.reconciles
    said = text(day_document.draw(found))
    for part in (
        "ЖАЗЫЛЫМ БОЙЫНША КЕҢЕЙТІЛГЕН ХАТТАМА / РАСШИРЕННЫЙ ПРОТОКОЛ ПО ПОДПИСКЕ",
        "post-1.2026.000003",
        "қолма-қол / наличными 2 2 516,00 0,00 2 516,00",
        "есепшот бойынша / по счёту 1 5 661,00 0,00 5 661,00",
        "Барлығы / Всего 3 8 177,00 0,00 8 177,00",
        "75384 2 1 75384 6 2 Барлығы / Всего 3",
        "Расхождений нет",
        "А. Әлиева, оператор (counter-1)",
    ):
        assert part in said, part
    assert "ПРОЕКТ" not in said


def test_the_protocol_shows_every_difference_and_every_compensating_line() -> None:
    short = counted(cash=1_000, cards=[CardPile(index="75384", months=6, cards=1)])
    found = the_day(*A_DAY, booked(), short)
    assert {(one.what, one.found - one.expected) for one in found.differences} == {
        (Counted.CASH, -61_900),
        (Counted.CARDS, -1),
        (Counted.BROUGHT_CASH, 188_700),
        (Counted.BROUGHT_CARDS, 1),
    }
    said = text(day_document.draw(found))
    for part in (
        "ПРОЕКТ, не заверен",
        "түзету / исправление 2026-10-05 қолма-қол / наличными −1 887,00",
        "қолма-қол ақша / наличные 629,00 ₸ 10,00 ₸ −619,00 ₸",
        "доставочные карточки 75384, 2 ай / мес. 1 0 -1",
    ):
        assert part in said, part


def test_an_uncounted_day_says_so_and_a_day_that_never_ran_has_no_protocol() -> None:
    said = text(day_document.draw(the_day(opened())))
    assert "не пересчитаны" in said
    assert protocol("post-1", date(2026, 10, 6), [(event, EVENING) for event in A_DAY]) is None
    assert not the_day(*A_DAY).reconciles


def test_a_long_day_goes_over_pages_with_its_head_on_each() -> None:
    forms = [accepted(number, subscription_id=f"S{number}") for number in range(1, 121)]
    paper = day_document.draw(the_day(opened(), *forms))
    pages = PdfReader(BytesIO(bytes(paper.output()))).pages
    assert len(pages) > 3
    assert all("Абонемент №" in page.extract_text() for page in pages[:3])
    assert text(paper).count("post-1.2026.000") == 120


# ── delivery lists ───────────────────────────────────────────────────────────────────────────────────────────


def test_cards_go_to_sorters_by_point_then_address_and_straight_to_carriers_in_the_address_system() -> None:
    forms = [
        accepted(1, sorting_point="sort-b", carrier="area-9", address="Абай 2"),
        accepted(2, sorting_point="sort-b", carrier="area-9", address="Абай 1"),
        accepted(3, sorting_point="sort-a", carrier="area-9", address="Сәтбаев 7"),
        accepted(4, distribution=Distribution.ADDRESS, sorting_point="sort-a", carrier="area-2", address="Гоголь 3"),
        accepted(5, distribution=Distribution.ADDRESS, carrier="area-1", address="Гоголь 4"),
        accepted(6, place="village", address="Мектеп 1"),
    ]
    found = deliveries("2027-02", forms, [])
    assert [(one.point, one.address) for one in found] == [
        ("area-1", "Гоголь 4"),
        ("area-2", "Гоголь 3"),
        ("sort-a", "Сәтбаев 7"),
        ("sort-b", "Абай 1"),
        ("sort-b", "Абай 2"),
        ("village", "Мектеп 1"),
    ]
    said = text(delivery_document.draw("2027-02", found))
    assert "аралық пункт / промежуточный пункт: sort-b (карточкалық жүйе / карточная система)" in said
    assert "таратушы / доставщик: area-1 (адрестік жүйе / адресная система)" in said
    assert "Доставлять нечего" in text(delivery_document.draw("2027-03", []))


@pytest.mark.parametrize(
    ("month", "copies"),
    [("2027-01", None), ("2027-02", 5), ("2027-03", None), ("2027-04", 3), ("2027-06", 3), ("2027-07", None)],
)
def test_a_list_holds_what_comes_out_in_the_month_and_is_not_annulled(month: str, copies: int | None) -> None:
    change = annulled(copies=2, copies_left=3, from_month="2027-03")
    found = deliveries(month, [accepted(copies=5)], [change])
    assert [one.copies for one in found] == ([] if copies is None else [copies])


def test_it_goes_to_the_new_address_from_the_redirections_month_on() -> None:
    moved = redirected(from_month="2027-04", sorting_point="sort-t", carrier="area-t")
    for month, address, point in (("2027-02", "Abai 1", "post-1"), ("2027-04", "Тараз, Абай 5", "sort-t")):
        (found,) = deliveries(month, [accepted()], [moved])
        assert (found.address, found.point) == (address, point)


def test_what_was_annulled_whole_or_taken_back_is_on_no_list() -> None:
    assert deliveries("2027-02", [accepted()], [annulled(from_month="2027-02")]) == []
    assert deliveries("2027-02", [accepted()], [taken_back()]) == []
    assert len(deliveries("2027-02", [accepted(2)], [taken_back()])) == 1


def test_a_form_of_the_time_before_numbers_is_delivered_too() -> None:
    old = accepted(abonement=None, day=None, issues=[], distribution=None)
    (found,) = deliveries("2027-01", [old], [])
    assert (found.abonement, found.issues, found.distribution) == ("S1", 1, Distribution.CARD)


@pytest.mark.parametrize(
    ("tiyn", "said"),
    [(0, "0,00"), (5, "0,05"), (188_700, "1 887,00"), (-188_701, "−1 887,01"), (10**13, "100 000 000 000,00")],
)
def test_money_is_written_to_the_tiyn(tiyn: int, said: str) -> None:
    assert tenge(tiyn) == said
