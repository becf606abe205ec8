"""Who works at the made-up centre, where it is, and who turns to it."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.demo import words
from deploy.demo.steps import Chance
from shared.contracts.intake import Consumer
from shared.contracts.values import Channel, Language

MANAGER = "m-saule"
SUCCESSOR = "m-timur"
"""Another manager, to whom cases are handed over."""
OFFICES: dict[str, tuple[str, ...]] = {
    "centre-north": ("k-ainur", "k-boris", "k-dana"),
    "centre-south": ("k-ermek", "k-farida"),
}
"""Each office with its consultants."""

OFFICERS = {"centre-north": "i-gulnar"}
"""Who prepares consultations; where there is nobody, the consultants do."""

SOURCES: dict[Channel, tuple[str, bool]] = {
    Channel.WALK_IN: ("/demo/reception", False),
    Channel.PHONE: ("/demo/contact-centre", False),
    Channel.VOICE_MAIL: ("/demo/contact-centre", True),
    Channel.EMAIL: ("/demo/mail-gateway", True),
    Channel.WEB: ("/demo/web-form", True),
    Channel.POST: ("/demo/post-room", True),
    Channel.COMPLAINTS_BOOK: ("/demo/post-room", True),
}
"""Each channel's adapter, and whether it publishes onto JetStream or waits for the answer of a request."""

LANGUAGES: dict[Language, int] = {Language.KK: 50, Language.RU: 40, Language.EN: 10}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who turns to the centre."""

    language: Language
    name: str
    number: int

    def consumer(self, channel: Channel) -> Consumer:
        """What the channel knows of them. The contacts can't be anybody's."""
        if channel in {Channel.EMAIL, Channel.WEB}:
            return Consumer(name=self.name, email=f"demo{self.number}@example.org")
        if channel in {Channel.POST, Channel.COMPLAINTS_BOOK}:
            return Consumer(name=self.name, address=self.address)
        return Consumer(
            name=self.name,
            phone=f"+7 700 {self.number // 10_000:03} {self.number // 100 % 100:02} {self.number % 100:02}",
        )

    @property
    def address(self) -> str:
        return f"{words.STREETS[self.language]}, {self.number % 90 + 1}"


def person(chance: Chance, language: Language) -> Person:
    """Somebody who speaks `language`."""
    return Person(language, chance.pick(words.NAMES[language]), chance.number())
