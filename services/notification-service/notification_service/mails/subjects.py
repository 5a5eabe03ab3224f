"""A mail's subject line: what it is about, with initials only and never a code.

Each fits on one line of a mail (78 characters with "Subject: "), so that no reader folds it.
"""

from notification_service.mails.language import N_, _
from notification_service.mails.wording import one_line, short_day_and_time
from notification_service.notifications.facts import Facts

SUBJECTS = {
    "login_code": N_("Your ePEP security code"),
    "invitation": N_("Invitation: PEP meeting for %(initials)s, %(when)s"),
    "rescheduled": N_("Changed: PEP meeting for %(initials)s, %(when)s"),
    "cancelled": N_("Cancelled: PEP meeting for %(initials)s, %(when)s"),
    "answered": N_("An answer to your invitation: PEP meeting for %(initials)s"),
    "meeting_confirmed": N_("The PEP meeting for %(initials)s has taken place"),
    "submitted": N_("The PEP for %(initials)s is ready for quality assurance"),
    "returned": N_("The PEP for %(initials)s needs more work"),
    "signed_off": N_("The PEP for %(initials)s has been signed off"),
    "feedback": N_("Feedback on the PEP for %(initials)s"),
    "emergency_access": N_("Emergency access to a child’s record"),
    "registration_link": N_("Confirm your email address for ePEP"),
    "registration_known": N_("Your ePEP account"),
    "registration_waiting": N_("Somebody asks for access to ePEP"),
    "registration_accepted": N_("You have access to ePEP"),
    "registration_refused": N_("Your request for access to ePEP"),
    "password_reset": N_("Choose a new ePEP password"),
    "email_reminder": N_("The email address of your ePEP account"),
    "email_change_new": N_("Confirm your new email address for ePEP"),
    "email_change_old": N_("Somebody wants to change your ePEP email address"),
    "email_changed": N_("Your ePEP email address has changed"),
    "security_notice": N_("A change to how you log in to ePEP"),
    "login_stopped": N_("A log-in to ePEP was not by its owner"),
    "digest": N_("Your ePEP messages of the last day"),
}


def subject_of(facts: Facts) -> str:
    """Return the subject of the mail that these facts make, in the language that is spoken."""
    when = short_day_and_time(facts.meeting.starts_at) if facts.meeting else ""
    initials = one_line(facts.initials or _("a child"))
    return _(SUBJECTS[facts.kind], initials=initials, when=when)
