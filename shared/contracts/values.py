"""The domain's closed lists, under DOMAIN.md's own words."""

from __future__ import annotations

from enum import StrEnum


class Context(StrEnum):
    """The four services, as they stand in subjects and in the store."""

    INTAKE = "intake"
    CONSULT = "consult"
    FEEDBACK = "feedback"
    SUBSCRIPTIONS = "subscriptions"


class Channel(StrEnum):
    """How a person turned to the centre (§3)."""

    WALK_IN = "walk_in"
    PHONE = "phone"
    VOICE_MAIL = "voice_mail"
    EMAIL = "email"
    POST = "post"
    WEB = "web"
    COMPLAINTS_BOOK = "complaints_book"


class Language(StrEnum):
    """The language the consumer wrote or spoke (§3)."""

    KK = "kk"
    RU = "ru"
    EN = "en"


class Form(StrEnum):
    """How a consultation is held (§2, stages 3 and 4)."""

    OFFICE = "office"
    PHONE = "phone"
    ONLINE = "online"
    OFFLINE = "offline"
    PREMISES = "premises"


class Path(StrEnum):
    """Which of the four branches of stage 3 a request takes (§2)."""

    AT_ONCE = "3a-a"
    PREPARED = "3a-b"
    REMOTE = "3b-a"
    PRESENT = "3b-b"


class Solved(StrEnum):
    """How far the problem was solved; "half" is an answer of its own (§10)."""

    NO = "no"
    HALF = "half"
    YES = "yes"


class DeclineGround(StrEnum):
    """Grounds of taking no action on a written request, and of not considering it (§4)."""

    INSULT_OR_THREAT = "insult_or_threat"
    UNREADABLE = "unreadable"
    ALREADY_ANSWERED = "already_answered"
    COMMERCIAL_SECRET = "commercial_secret"  # noqa: S105 - a ground, not a credential
    NO_CONTACT_DETAILS = "no_contact_details"


class Zone(StrEnum):
    """City or rural (rayon) price of a publication (§1, §6)."""

    CITY = "city"
    RURAL = "rural"


class Distribution(StrEnum):
    """How a publication reaches its subscribers (§6)."""

    CARD = "card"
    ADDRESS = "address"


class Seller(StrEnum):
    """Who accepted a subscription (§6)."""

    FACILITY = "facility"
    POSTMAN = "postman"
    AGENT = "agent"


class Payment(StrEnum):
    """How a subscription is paid (§6)."""

    CASH = "cash"
    INVOICE = "invoice"


class SubscriberKind(StrEnum):
    """Who subscribes (§6)."""

    INDIVIDUAL = "individual"
    LEGAL_ENTITY = "legal_entity"


class Role(StrEnum):
    """Who submits something (§1, §2); what each may do is a table."""

    CHANNEL = "channel"
    """A channel's adapter, on the consumer's own behalf."""
    MANAGER = "manager"
    CONSULTANT = "consultant"
    INFORMATION_OFFICER = "information_officer"
    OPERATOR = "operator"
    SPECIALIST = "specialist"
    COUNTER_WORKER = "counter_worker"
    ANALYST = "analyst"


class Regime(StrEnum):
    """Which rules' time limits hold for a case (§4, §9)."""

    HOUSE = "house"
    """The centre's own: Table 5."""
    CONSUMER_PROTECTION = "consumer_protection"
    ADMINISTRATIVE = "administrative"
    PUBLIC_SERVICES = "public_services"
