"""From facts to a mail: headers, text, HTML, and the calendar file where there is a meeting."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from epep_runtime.language import (
    ENGLISH,
    Language,
    current,
    find,
    find_plural,
    speaking,
)
from notification_service.mails.calendar import calendar_of, method_of
from notification_service.mails.language import shipped
from notification_service.mails.letter import Letter
from notification_service.mails.letters import letter_of
from notification_service.mails.subjects import subject_of
from notification_service.mails.wording import one_line
from notification_service.notifications.facts import Facts
from notification_service.notifications.notification import message_id
from notification_service.preferences.kinds import kinds
from notification_service.settings import NotificationSettings

SEVEN_BIT = SMTP.clone(cte_type="7bit")
WITH_CALENDAR = frozenset({"invitation", "rescheduled", "cancelled"})


class UnsendableError(Exception):
    """No mail can be made of it; the message is a sentence for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class MailWriter:
    """Writes mails for one installation."""

    settings: NotificationSettings
    templates: Environment
    languages: Mapping[str, Language]

    @classmethod
    def for_settings(cls, settings: NotificationSettings) -> "MailWriter":
        """Return a writer with this package's templates."""
        environment = Environment(
            loader=PackageLoader("notification_service.mails"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        install = environment.install_gettext_callables  # type: ignore[attr-defined]
        install(find, find_plural, newstyle=True)
        return cls(settings, environment, shipped())

    def write(
        self,
        own_id: UUID,
        email: str,
        facts: Facts,
        secret: str | None,
        now: datetime,
        not_me: str | None = None,
    ) -> bytes:
        """Return the whole message in its language, in 7 bits, with CRLF line ends.

        `secret` and `not_me` are what was sealed into the facts, opened.

        Raises UnsendableError for an address that no mail can be written to.
        """
        message = EmailMessage(policy=SEVEN_BIT)
        try:
            self._address(message, email, facts)
        except (ValueError, MessageError, IndexError) as error:
            raise UnsendableError("This is not an address that mail can be sent to.") from error
        with speaking(self.languages.get(facts.language, ENGLISH)):
            message["Subject"] = subject_of(facts)
            message["Date"] = format_datetime(now)
            message["Message-ID"] = message_id(own_id, self.settings.mail_domain)
            message["Auto-Submitted"] = "auto-generated"
            letter = letter_of(facts, self.settings.portal_url, secret, not_me)
            message.set_content(self._render("mail.txt", facts, letter))
            message.add_alternative(self._render("mail.html", facts, letter), subtype="html")
            self._add_calendar(message, email, facts)
        return message.as_bytes()

    def _address(self, message: EmailMessage, email: str, facts: Facts) -> None:
        message["From"] = self.settings.mail_from
        if not email.isascii():
            raise ValueError("mail servers without SMTPUTF8 would lose this address")
        message["To"] = Address(display_name=one_line(facts.name), addr_spec=email)

    def _render(self, template: str, facts: Facts, letter: Letter) -> str:
        sender = facts.authority.virtual_school if facts.authority else "ePEP"
        return self.templates.get_template(template).render(
            letter=letter,
            language=str(current().locale).replace("_", "-"),
            name=one_line(facts.name),
            sender=sender,
            authority=facts.authority,
            choices=self._choices(facts),
        )

    def _choices(self, facts: Facts) -> str | None:
        """Return where to switch mails of this kind off, for whoever can."""
        can = kinds().may_be_unmailed(facts.kind) or facts.kind == "digest"
        if not (facts.has_account and can):
            return None
        return f"{self.settings.portal_url}/account/notifications"

    def _add_calendar(self, message: EmailMessage, email: str, facts: Facts) -> None:
        if facts.kind not in WITH_CALENDAR or facts.meeting is None:
            return
        file = calendar_of(facts, facts.meeting, email, self.settings.sender_address)
        method = method_of(facts)
        message.add_alternative(file.decode(), subtype="calendar", params={"method": method})
        message.add_attachment(
            file, maintype="application", subtype="ics", filename="pep-meeting.ics"
        )
