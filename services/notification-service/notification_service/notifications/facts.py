"""What a mail is written from: everything that was known when the event was said."""

from datetime import datetime
from uuid import UUID

from epep_events.base import Value
from epep_events.notification import Kind


class MeetingFacts(Value):
    """Time and place of the meeting that a mail is about; `sequence` is the calendar's."""

    meeting_id: UUID
    starts_at: datetime
    duration_minutes: int
    place: str | None
    sequence: int


class AuthorityFacts(Value):
    """How to name the authority and reach its virtual school; `code` is its DfE code.

    Mails that waited when the code was added have none.
    """

    code: str | None = None
    name: str
    virtual_school: str
    contact_email: str
    contact_phone: str


class DigestItem(Value):
    """One message in the mail of a day."""

    kind: Kind
    said_at: datetime
    child_id: UUID | None = None
    initials: str | None = None


class Facts(Value):
    """The facts of one mail to one person. It never holds a child's name, only initials.

    `sealed` is a JWE: a log-in code or the token of a link, opened only while the mail is written;
    `sealed_not_me` that of the link by which its reader says "this is not me". Which fields are
    filled in depends on `kind`. `language` is the code of the one that the mail is written in.
    """

    kind: Kind
    language: str = "en"
    said_at: datetime
    name: str
    has_account: bool
    authority: AuthorityFacts | None = None
    child_id: UUID | None = None
    initials: str | None = None
    pep_id: UUID | None = None
    pep_kind: str | None = None
    meeting: MeetingFacts | None = None
    old_starts_at: datetime | None = None
    reason: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    why: str | None = None
    who: str | None = None
    answer: str | None = None
    proposed_at: datetime | None = None
    commented: bool = False
    sealed: str | None = None
    sealed_not_me: str | None = None
    role_label: str | None = None
    detail: str | None = None
    expires_at: datetime | None = None
    items: tuple[DigestItem, ...] = ()
