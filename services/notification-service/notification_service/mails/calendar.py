"""The meeting as an iCalendar file (RFC 5545, 5546) that calendars add, move or take out."""

from datetime import UTC, timedelta
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText

from notification_service.mails.language import _
from notification_service.mails.wording import one_line
from notification_service.notifications.facts import Facts, MeetingFacts

Method = Literal["REQUEST", "CANCEL"]


def calendar_uid(meeting: MeetingFacts) -> str:
    """Return the entry's UID: the same for every person and every change of one meeting."""
    return f"{meeting.meeting_id}@epep"


def method_of(facts: Facts) -> Method:
    """Return what a calendar is to do with the entry."""
    return "CANCEL" if facts.kind == "cancelled" else "REQUEST"


def calendar_of(facts: Facts, meeting: MeetingFacts, email: str, organiser: str) -> bytes:
    """Return the file for one person; times are UTC, `organiser` is the sender's address.

    `SEQUENCE` is the meeting's own, which rises with each change, so that a calendar never puts
    an older time over a newer one. The entry is private: others see only that the person is busy.
    """
    method, initials = method_of(facts), one_line(facts.initials or _("a child"))
    entry = Event()
    entry.add("uid", calendar_uid(meeting))
    entry.add("dtstamp", facts.said_at.astimezone(UTC))
    start = meeting.starts_at.astimezone(UTC)
    entry.add("dtstart", start)
    entry.add("dtend", start + timedelta(minutes=meeting.duration_minutes))
    entry.add("sequence", meeting.sequence)
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    entry.add("summary", _("PEP meeting for %(initials)s", initials=initials))
    if meeting.place:
        entry.add("location", meeting.place)
    entry.add("description", _description(facts))
    entry.add("class", "PRIVATE")
    entry.add("organizer", _person(organiser, _organiser_name(facts)))
    invited = _person(email, facts.name)
    invited.params["ROLE"] = vText("REQ-PARTICIPANT")
    invited.params["PARTSTAT"] = vText("NEEDS-ACTION")
    invited.params["RSVP"] = vText("FALSE")
    entry.add("attendee", invited)
    calendar = Calendar()
    calendar.add("prodid", "-//ePEP//notification//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


def _organiser_name(facts: Facts) -> str:
    return facts.contact_name or (facts.authority.virtual_school if facts.authority else "ePEP")


def _description(facts: Facts) -> str:
    if facts.kind == "cancelled":
        return _("This meeting will not take place.")
    contact = ", ".join(part for part in (facts.contact_name, facts.contact_phone) if part)
    lines = [facts.reason or "", _("Contact: %(contact)s", contact=contact) if contact else ""]
    lines.append(_("To answer, use the link in the email."))
    return "\n".join(line for line in lines if line)


def _person(email: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{email}")
    person.params["CN"] = vText(one_line(name).replace('"', "'"))
    return person
