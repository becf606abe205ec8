"""The documents of press subscriptions as data and on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from deploy.cli.terminal import terminal
from deploy.documents.paper import tenge
from deploy.documents.read import Abonement
from services.subscriptions.day import said
from services.subscriptions.delivery import Delivery
from services.subscriptions.protocol import Protocol


def abonement_data(found: Abonement) -> dict[str, Any]:
    """The form, and its changes in their order; money in tiyn."""
    return {
        "accepted_at": found.accepted_at.isoformat(),
        "form": found.form.model_dump(mode="json"),
        "changes": [
            {"type": change.type_name(), "at": at.isoformat(), **change.model_dump(mode="json")}
            for at, change in found.changes
        ],
    }


def abonement_table(found: Abonement) -> None:
    """The form as names and values."""
    form = found.form
    table = Table(show_header=False, title=f"PS-1 {form.abonement or form.subscription_id}", title_justify="left")
    for name, value in (
        ("publication", f"{form.index} {form.title}"),
        ("term", f"{form.months} months from {form.first_month}, {form.copies} copies"),
        ("price", f"{tenge(form.price)}, of it delivery {tenge(form.delivery_price)}"),
        ("amount", f"{tenge(form.amount)} tenge, {form.payment}"),
        ("subscriber", f"{form.name} ({form.subscriber_kind})"),
        ("address", form.address),
        ("accepted", f"{found.accepted_at:%Y-%m-%d %H:%M} by {form.seller} {form.worker}, {form.facility}"),
    ):
        table.add_row(name, Text(value))
    for at, change in found.changes:
        told = change.model_dump(mode="json")
        facts = ", ".join(
            f"{name} {told[name]}" for name in ("from_month", "refund", "amount", "address") if name in told
        )
        table.add_row(f"{at:%Y-%m-%d}", Text(f"{change.type_name()}: {facts}"))
    terminal().print(table)


def protocol_data(found: Protocol) -> dict[str, Any]:
    """The extended protocol; money in tiyn."""
    return {
        "facility": found.facility,
        "day": found.day.isoformat(),
        "due_at": None if found.opened is None else found.opened.due_at.isoformat(),
        "forms": [one.model_dump(mode="json", exclude={"name", "address", "consumer_id"}) for one in found.forms],
        "refunds": [one.model_dump(mode="json", exclude={"consumer_id"}) for one in found.refunds],
        "paid": {str(payment): asdict(paid) | {"balance": paid.balance} for payment, paid in found.paid.items()},
        "sold_by": [asdict(one) for one in found.sold_by],
        "cards": [pile.model_dump() for pile in found.cards],
        "counts": [
            {"at": at.isoformat(), **one.model_dump(mode="json", exclude={"consumer_id"})} for at, one in found.counts
        ],
        "differences": [one.model_dump(mode="json") for one in found.differences],
        "reconciles": found.reconciles,
        "certified": None
        if found.certified is None or found.certified_at is None
        else {
            "at": found.certified_at.isoformat(),
            "worker": found.certified.worker,
            "signature": found.certified.signature,
        },
    }


def protocol_tables(found: Protocol) -> None:
    """The totals, the cards, the differences, and whether it is certified."""
    console = terminal()
    console.print(Text(f"Extended protocol of {found.facility}, {found.day}", style="bold"))
    money = Table("paid", title="Totals", title_justify="left")
    for name in ("forms", "accepted", "paid back", "balance"):
        money.add_column(name, justify="right")
    for payment, paid in found.paid.items():
        money.add_row(str(payment), f"{paid.forms}", tenge(paid.accepted), tenge(-paid.paid_back), tenge(paid.balance))
    sellers = Table("seller", "worker", title="By seller", title_justify="left")
    for name in ("forms", "cash", "invoiced"):
        sellers.add_column(name, justify="right")
    for one in found.sold_by:
        sellers.add_row(one.seller, Text(one.worker), f"{one.forms}", tenge(one.cash), tenge(one.invoiced))
    cards = Table("index", title="Delivery cards", title_justify="left")
    for name in ("months", "cards"):
        cards.add_column(name, justify="right")
    for pile in found.cards:
        cards.add_row(pile.index, f"{pile.months}", f"{pile.cards}")
    console.print(money, sellers, cards, sep="\n")
    if not found.counts:
        console.print("Neither the money nor the cards are counted.")
    for line in found.differences:
        console.print(Text(f"differs: {said(line)}", style="red"))
    if found.counts and not found.differences:
        console.print("[green]It reconciles.[/]")
    if found.certified is None or found.certified_at is None:
        console.print("[yellow]Not certified.[/]")
    else:
        console.print(Text(f"Certified {found.certified_at:%Y-%m-%d %H:%M}: {found.certified.signature}"))


def deliveries_data(found: Sequence[Delivery]) -> list[dict[str, Any]]:
    """One object a subscription, in the order of the lists."""
    return [asdict(one) for one in found]


def deliveries_tables(month: str, found: Sequence[Delivery]) -> None:
    """The lists one below the other."""
    if not found:
        print(f"Nothing is delivered in {month}.")
        return
    table = Table("point", "index", "abonement", title=f"Deliveries of {month}", title_justify="left")
    table.add_column("copies", justify="right")
    table.add_column("issues", justify="right")
    table.add_column("address")
    for one in found:
        row = (one.point, one.index, one.abonement, f"{one.copies}", f"{one.issues}", f"{one.address}, {one.name}")
        table.add_row(*map(Text, row))
    terminal().print(table)
