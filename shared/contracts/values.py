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
    """The language the consumer wrote or spoke (§3). Each has its texts: see docs/domain.md, A further language."""

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


class Party(StrEnum):
    """Who asked for a change: the consumer, or the centre itself (§2)."""

    CONSUMER = "consumer"
    CENTRE = "centre"


class Preparation(StrEnum):
    """What is made ready before a consultation (§2, stage 4)."""

    ROOM = "room"
    COPIES = "copies"
    MATERIALS = "materials"
    EQUIPMENT = "equipment"
    INFORMATION = "information"
    OTHER = "other"


class TaskEnd(StrEnum):
    """How a preparation task ended."""

    DONE = "done"
    LAPSED = "lapsed"
    """Not done when the consultation was held."""
    CALLED_OFF = "called_off"
    """Not needed any more: the consultation was called off."""


class ContactGround(StrEnum):
    """Why the consumer must be spoken to before the case goes on (§2)."""

    ASKED_TO_WAIT = "asked_to_wait"
    FURTHER_INFORMATION = "further_information"
    """The consumer owes information or papers."""
    UNREACHABLE = "unreachable"
    NO_SHOW = "no_show"
    CENTRE_UNABLE = "centre_unable"
    """The centre called the consultation off."""


class CancelGround(StrEnum):
    """Why a consultation is called off (§2)."""

    CONSUMER_WITHDREW = "consumer_withdrew"
    CONSUMER_ABSENT = "consumer_absent"
    """Never came, or can't be reached."""
    CENTRE_UNABLE = "centre_unable"
    """It is still owed: a new time is due."""
    DUPLICATE_REQUEST = "duplicate_request"
    OUT_OF_REMIT = "out_of_remit"


class FormReason(StrEnum):
    """Why a consultation takes another form than the one before it, or than the plan's (§2, stage 7)."""

    QUESTION = "question"
    COMPLEXITY = "complexity"
    INFORMATION = "information"
    """By the amount of information given."""
    CONSUMER_WISH = "consumer_wish"


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
