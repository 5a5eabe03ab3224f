"""A mail's subject line: what it is about, with initials only and never a code.

Each fits on one line of a mail (78 characters with "Subject: "), so that no reader folds it.
"""

from notification_service.mails.wording import one_line, short_day_and_time
from notification_service.notifications.facts import Facts

SUBJECTS = {
    "login_code": "Your ePEP security code",
    "invitation": "Invitation: PEP meeting for {initials}, {when}",
    "rescheduled": "Changed: PEP meeting for {initials}, {when}",
    "cancelled": "Cancelled: PEP meeting for {initials}, {when}",
    "answered": "An answer to your invitation: PEP meeting for {initials}",
    "meeting_confirmed": "The PEP meeting for {initials} has taken place",
    "submitted": "The PEP for {initials} is ready for quality assurance",
    "returned": "The PEP for {initials} needs more work",
    "signed_off": "The PEP for {initials} has been signed off",
    "feedback": "Feedback on the PEP for {initials}",
    "emergency_access": "Emergency access to a child’s record",
    "registration_link": "Confirm your email address for ePEP",
    "registration_known": "Your ePEP account",
    "registration_waiting": "Somebody asks for access to ePEP",
    "registration_accepted": "You have access to ePEP",
    "registration_refused": "Your request for access to ePEP",
    "password_reset": "Choose a new ePEP password",
    "email_reminder": "The email address of your ePEP account",
    "email_change_new": "Confirm your new email address for ePEP",
    "email_change_old": "Somebody wants to change your ePEP email address",
    "email_changed": "Your ePEP email address has changed",
    "security_notice": "A change to how you log in to ePEP",
    "login_stopped": "A log-in to ePEP was not by its owner",
}


def subject_of(facts: Facts) -> str:
    """Return the subject of the mail that these facts make."""
    when = short_day_and_time(facts.meeting.starts_at) if facts.meeting else ""
    initials = one_line(facts.initials or "a child")
    return SUBJECTS[facts.kind].format(initials=initials, when=when)
