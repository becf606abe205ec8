"""The words of the printed documents, Kazakh and Russian side by side."""

from __future__ import annotations

from shared.contracts.subscriptions import Booking, Counted
from shared.contracts.values import Distribution, Payment, Seller, SubscriberKind

PAYMENT = {Payment.CASH: "қолма-қол / наличными", Payment.INVOICE: "есепшот бойынша / по счёту"}
SELLER = {
    Seller.FACILITY: "өндірістік объект / производственный объект",
    Seller.POSTMAN: "пошташы / почтальон",
    Seller.AGENT: "қоғамдық агент / общественный агент",
}
KIND = {
    SubscriberKind.INDIVIDUAL: "жеке тұлға / физическое лицо",
    SubscriberKind.LEGAL_ENTITY: "заңды тұлға / юридическое лицо",
}
BOOKING = {Booking.ANNULMENT: "аннуляция / аннулирование", Booking.REVERSAL: "түзету / исправление"}
COUNTED = {
    Counted.CASH: "қолма-қол ақша / наличные",
    Counted.INVOICED: "есепшоттар / счета",
    Counted.CARDS: "жеткізу карточкалары / доставочные карточки",
    Counted.BROUGHT_CASH: "әкелінген ақша / принесённые деньги",
    Counted.BROUGHT_CARDS: "әкелінген карточкалар / принесённые карточки",
}
DISTRIBUTION = {
    Distribution.CARD: "карточкалық жүйе / карточная система",
    Distribution.ADDRESS: "адрестік жүйе / адресная система",
}
POINT = {
    Distribution.CARD: "аралық пункт / промежуточный пункт",
    Distribution.ADDRESS: "таратушы / доставщик",
}
MONTHS = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
