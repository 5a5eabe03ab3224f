"""The one mail a day: what each of its messages is about, and the way to them."""

from epep_runtime.language import ngettext
from notification_service.mails.language import _
from notification_service.mails.letter import Letter
from notification_service.mails.subjects import subject_of
from notification_service.mails.wording import short_day_and_time
from notification_service.notifications.facts import DigestItem, Facts

MOST = 50


def digest(facts: Facts, portal_url: str, __: str | None) -> Letter:
    """Return the mail of a day; of very many messages the newest 50 are listed."""
    count, shown = len(facts.items), facts.items[-MOST:]
    lines = [
        ngettext(
            "%(num)s message has come for you since your last daily email.",
            "%(num)s messages have come for you since your last daily email.",
            count,
        )
    ]
    if count > MOST:
        lines.append(_("The newest %(most)s are listed here.", most=MOST))
    return Letter(
        _("Your messages of the last day"),
        tuple(lines),
        details=tuple((short_day_and_time(each.said_at), _about(each)) for each in shown),
        links=((_("Read your messages in ePEP"), f"{portal_url}/messages"),),
        notes=(
            _("You have chosen one email a day. What needs you at once is still sent at once."),
        ),
    )


def _about(item: DigestItem) -> str:
    return subject_of(
        Facts(
            kind=item.kind,
            said_at=item.said_at,
            name="",
            has_account=True,
            initials=item.initials,
        )
    )
