"""notification-service put together: who follows what, what is asked, what works beside it."""

from pathlib import Path

from epep_access import parts as access
from epep_events.access import EmergencyAccessTaken
from epep_events.identity import LoginCodeRequested
from epep_events.meeting import (
    InvitationIssued,
    InvitationResponded,
    InvitationWithdrawn,
    MeetingCancelled,
    MeetingConfirmed,
    MeetingRescheduled,
)
from epep_events.operations import SubjectErased
from epep_events.pep import PEPReturned, PEPSignedOff, PEPSubmitted
from epep_events.qa import QAPublished
from epep_runtime.service import Service
from epep_runtime.subscriptions import Reactor
from notification_service.notifications.reading import router as reading
from notification_service.outbox.gathering import mail_days
from notification_service.outbox.watching import outbox_metrics
from notification_service.outbox.worker import post_mail
from notification_service.preferences.choosing import router as preferences
from notification_service.reactions.accounts import LOCKS
from notification_service.reactions.emergencies import mail_emergency
from notification_service.reactions.erasures import stop_mails
from notification_service.reactions.logging_in import mail_login_code
from notification_service.reactions.meetings import (
    mail_answer,
    mail_cancellation,
    mail_confirmation,
    mail_invitation,
    mail_new_time,
)
from notification_service.reactions.peps import (
    mail_feedback,
    mail_return,
    mail_sign_off,
    mail_submission,
)
from notification_service.reactions.registrations import REGISTRATIONS
from notification_service.reactions.withdrawals import stop_withdrawn
from notification_service.read_models.messages import MESSAGES
from notification_service.read_models.messages import router as messages
from notification_service.read_models.peps import PEPS
from notification_service.sealing.sealing_key import ensure_sealing_key
from notification_service.settings import NotificationSettings

# Codes have a reactor of their own: nothing that happens to meetings or PEPs holds a log-in up.
CODES = Reactor("codes", ("identity",), {LoginCodeRequested: mail_login_code})
MEETINGS = Reactor(
    "meetings",
    ("meeting",),
    {
        InvitationIssued: mail_invitation,
        MeetingRescheduled: mail_new_time,
        MeetingCancelled: mail_cancellation,
        InvitationResponded: mail_answer,
        MeetingConfirmed: mail_confirmation,
        InvitationWithdrawn: stop_withdrawn,
    },
)
PROGRESS = Reactor(
    "progress",
    ("pep", "qa"),
    {
        PEPSubmitted: mail_submission,
        PEPReturned: mail_return,
        PEPSignedOff: mail_sign_off,
        QAPublished: mail_feedback,
        EmergencyAccessTaken: mail_emergency,
    },
)
ERASURES = Reactor("erasures", ("pep", "identity"), {SubjectErased: stop_mails})

SERVICE = Service(
    name="notification",
    description="Mails people about codes, meetings and PEPs, each once, and shows their messages.",
    migrations=Path(__file__).parent / "migrations",
    settings=NotificationSettings,
    routers=[messages, reading, preferences],
    projectors=[*access.PROJECTORS, PEPS, MESSAGES],
    reactors=[CODES, REGISTRATIONS, LOCKS, MEETINGS, PROGRESS, ERASURES],
    workers=[post_mail, mail_days],
    metrics=[outbox_metrics],
    on_start=[ensure_sealing_key],
    sql=access.SQL,
)
