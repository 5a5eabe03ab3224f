"""The questions of Create PEP, and its invitees: people of the child and plain addresses."""

from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from epep_runtime.text import email_address
from web_portal.web.answers import Answers, read
from web_portal.web.language import _, ngettext
from web_portal.web.questions import Option, Question

GUESTS = 4
"""How many plain e-mail addresses the form has room for at once; more can be added later."""


def new_pep_questions(facts: dict[str, Any]) -> list[Question]:
    """Return the questions, with kinds and reasons of the authority's profile."""
    kinds = tuple(Option.model_validate(kind) for kind in facts["kinds"])
    reasons = tuple(Option.model_validate(reason) for reason in facts["reasons"])
    people = tuple(
        Option(value=str(p["account_id"]), label=p["name"], hint=p.get("role_label"))
        for p in facts["people"]
    )
    contact = facts.get("contact") or {}
    return [
        Question(
            key="kind",
            label=_("Kind of PEP"),
            type="choice",
            mandatory=True,
            choices=kinds,
            value=facts.get("default_kind"),
            blank=_("Choose the kind of PEP"),
        ),
        Question(
            key="reason",
            label=_("Reason for the meeting"),
            type="choice",
            mandatory=True,
            choices=reasons,
            blank=_("Choose the reason for the meeting"),
        ),
        Question(
            key="reason_detail",
            label=_("More about the reason"),
            type="text",
            max_length=1000,
            rows=3,
        ),
        *when_and_where(),
        Question(
            key="contact_name",
            label=_("Contact for questions about the meeting"),
            type="line",
            mandatory=True,
            value=contact.get("name"),
            blank=_("Enter who to contact about the meeting"),
        ),
        Question(
            key="contact_phone",
            label=_("Contact’s telephone number"),
            type="line",
            value=contact.get("phone"),
            width="govuk-input--width-20",
            autocomplete="off",
        ),
        Question(
            key="invitees",
            label=_("People who work with the child"),
            type="choices",
            choices=people,
            value=[option.value for option in people],
            hint=_("Each gets an email with a calendar file, and answers in ePEP"),
        ),
    ]


def when_and_where(*, value: dict[str, Any] | None = None) -> list[Question]:
    """Return the questions for a meeting's date, time, length and place."""
    given = value or {}
    lengths = tuple(
        Option(value=str(minutes), label=label)
        for minutes, label in (
            (30, _("30 minutes")),
            (45, _("45 minutes")),
            (60, _("1 hour")),
            (90, _("1 hour 30 minutes")),
            (120, _("2 hours")),
        )
    )
    return [
        Question(
            key="date",
            label=_("Date of the meeting"),
            type="date",
            mandatory=True,
            value=given.get("date"),
            blank=_("Enter the date of the meeting"),
        ),
        Question(
            key="time",
            label=_("Time"),
            type="time",
            mandatory=True,
            hint=_("For example, 10:30am or 14:15"),
            value=given.get("time"),
            blank=_("Enter the time of the meeting"),
        ),
        Question(
            key="duration_minutes",
            label=_("How long"),
            type="choice",
            mandatory=True,
            choices=_with_length(lengths, given.get("duration_minutes")),
            value=str(given.get("duration_minutes") or 60),
            blank=_("Choose how long the meeting is"),
        ),
        Question(
            key="place",
            label=_("Place"),
            type="line",
            mandatory=True,
            max_length=200,
            hint=_("A room, an address, or a link to an online meeting"),
            value=given.get("place"),
            blank=_("Enter where the meeting is"),
        ),
    ]


def _with_length(lengths: tuple[Option, ...], minutes: int | None) -> tuple[Option, ...]:
    known = {option.value for option in lengths}
    if minutes is None or str(minutes) in known:
        return lengths
    return (
        *lengths,
        Option(value=str(minutes), label=ngettext("%(num)s minute", "%(num)s minutes", minutes)),
    )


@dataclass
class Guest:
    """One plain address with a name, as typed, with what is wrong with each."""

    name: str = ""
    email: str = ""
    name_error: str | None = None
    email_error: str | None = None


@dataclass
class Guests:
    """The plain addresses of a form."""

    rows: list[Guest] = field(default_factory=lambda: [Guest() for _ in range(GUESTS)])

    @property
    def wrong(self) -> bool:
        """Tell whether any row has to be corrected."""
        return any(row.name_error or row.email_error for row in self.rows)

    @property
    def summary(self) -> list[dict[str, str]]:
        """Return the rows' errors for the error summary."""
        items = []
        for number, row in enumerate(self.rows, 1):
            if row.name_error:
                items.append({"text": row.name_error, "href": f"#guest-name-{number}"})
            if row.email_error:
                items.append({"text": row.email_error, "href": f"#guest-email-{number}"})
        return items

    @property
    def people(self) -> list[dict[str, str]]:
        """Return the guests to invite."""
        return [{"email": row.email, "name": row.name} for row in self.rows if row.email]


def read_guests(form: FormData) -> Guests:
    """Return the guests of a form; a name without an address, or the other way round, is wrong."""
    names = [str(value).strip() for value in form.getlist("guest_name")]
    emails = [str(value).strip() for value in form.getlist("guest_email")]
    rows = [Guest(name, email) for name, email in zip(names, emails, strict=False)]
    for row in rows:
        if row.email and not row.name:
            row.name_error = _("Enter the name that goes with the email address")
        if row.name and not row.email:
            row.email_error = _("Enter an email address for %(name)s", name=row.name)
        elif row.email:
            try:
                row.email = email_address(row.email)
            except ValueError:
                row.email_error = _(
                    "Enter an email address in the correct format, like name@example.com"
                )
    return Guests(rows) if rows else Guests()


def new_pep_body(answers: Answers, guests: Guests) -> dict[str, Any]:
    """Return what to send to the pep service."""
    values = answers.values
    meeting = meeting_time(values) | {
        "reason": values["reason"],
        "reason_detail": values["reason_detail"],
        "contact_name": values["contact_name"],
        "contact_phone": values["contact_phone"],
    }
    accounts = [{"account_id": account} for account in values["invitees"]]
    return {"kind": values["kind"], "meeting": meeting, "invitees": [*accounts, *guests.people]}


def meeting_time(values: dict[str, Any]) -> dict[str, Any]:
    """Return date, time, length and place as the services take them."""
    return {
        "date": values["date"],
        "time": values["time"],
        "duration_minutes": int(values["duration_minutes"]),
        "place": values["place"],
    }


def read_new_pep(facts: dict[str, Any], form: FormData, *, sent: bool) -> tuple[Answers, Guests]:
    """Return what the form says; a form that was `sent` must be complete."""
    return read(new_pep_questions(facts), form, all_needed=sent), read_guests(form)
