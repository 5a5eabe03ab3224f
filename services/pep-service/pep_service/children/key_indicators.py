"""Key indicators at the top of a child's page (S30): what a professional must know at a glance."""

from datetime import date, timedelta

from epep_runtime.language import _
from pep_service.children.child import Child, Episode
from pep_service.children.codes import code_lists
from pep_service.children.describing import placement_text, shown_day, years_and_months
from pep_service.children.school_year import school_year
from pep_service.children.shapes import Datum, Indicator, Tone

YEAR = timedelta(days=365)


def care_began_on(child: Child) -> date | None:
    """Return the day on which the latest unbroken time in care began."""
    began: date | None = None
    ended: date | None = None
    for episode in child.episodes:
        if began is None or ended != episode.started_on:
            began = episode.started_on
        ended = episode.ended_on
    return began


def placements_since(child: Child, since: date | None) -> int:
    """Return in how many homes the child lived since a day (None: since registration).

    An episode that only changes the legal status is no new home.
    """
    count, last = 0, None
    for episode in child.episodes:
        home = _home(episode)
        if (since is None or episode.ended_on is None or episode.ended_on >= since) and (
            last is None or home != last
        ):
            count += 1
            last = home
    return count


def _home(episode: Episode) -> tuple[str | None, ...]:
    where = episode.placement
    return (where.place, where.provider, where.postcode, where.urn)


def key_indicators(child: Child, today: date) -> list[Indicator]:
    """Return the indicators as they are today.

    Three homes within a year are counted as instability nationally, hence red.
    """
    school = school_year(child.date_of_birth, today)
    recent = placements_since(child, today - YEAR)
    return [
        Indicator(label=_("Year group"), value=f"{school.label} ({school.key_stage})"),
        *_care(child, today),
        Indicator(
            label=_("Placements in the last 12 months"),
            value=str(recent),
            tone=_tone(recent, yellow=2, red=3),
        ),
        Indicator(label=_("Placements in all"), value=str(placements_since(child, None))),
        Indicator(
            label=_("School moves"),
            value=str(child.school_moves),
            tone=_tone(child.school_moves, yellow=1, red=2),
        ),
        Indicator(
            label=_("School or setting"),
            value=child.setting_name or child.setting_urn or _("None recorded"),
            tone="none" if child.setting_urn else "red",
        ),
    ]


def _tone(count: int, yellow: int, red: int) -> Tone:
    return "red" if count >= red else "yellow" if count >= yellow else "green"


def _care(child: Child, today: date) -> list[Indicator]:
    current, began = child.current_episode, care_began_on(child)
    if current is None or began is None:
        left = child.episodes[-1].ended_on if child.episodes else None
        value = _("Left care on %(day)s", day=shown_day(left)) if left else _("No episode recorded")
        return [Indicator(label=_("Legal status"), value=value, tone="grey")]
    lists = code_lists()
    return [
        Indicator(label=_("Legal status"), value=lists.label("ls", current.legal_status)),
        Indicator(label=_("Placement"), value=lists.label("place", current.placement.place)),
        Indicator(label=_("Time in care"), value=years_and_months(began, today)),
    ]


def core_data(child: Child, *, restricted: bool = True) -> list[Datum]:
    """Return the core data (S32) in words; addresses are not shown.

    Without `restricted`, nor is anything about care and where the child lives (families).
    """
    lists, current, began = code_lists(), child.current_episode, care_began_on(child)
    lines = [
        (_("First name"), child.first_name),
        (_("Last name"), child.last_name),
        (_("Preferred name"), child.preferred_name),
        (_("Date of birth"), shown_day(child.date_of_birth)),
        (_("Sex"), lists.label("sex", child.sex)),
        (_("Ethnicity"), lists.label("ethnic", child.ethnicity)),
        (_("UPN"), child.upn or _("Not known")),
        (_("Social care number"), child.social_care_id),
        (_("School or setting"), child.setting_name or child.setting_urn or _("None recorded")),
    ]
    if child.mother:
        lines.append(
            (_("Mother of a child born on"), shown_day(child.mothers_child_born) or _("Not known"))
        )
    if current is not None and restricted:
        lines += [
            (_("Came into care"), shown_day(began)),
            (_("Legal status"), lists.label("ls", current.legal_status)),
            (_("Category of need"), lists.label("cin", current.category_of_need)),
            (_("Placement"), placement_text(current.placement)),
            (_("In this placement since"), shown_day(_home_since(child))),
        ]
    return [Datum(label=label, value=value or _("Not recorded")) for label, value in lines]


def _home_since(child: Child) -> date:
    since = child.episodes[-1].started_on
    for earlier, later in reversed(list(zip(child.episodes, child.episodes[1:], strict=False))):
        if _home(earlier) != _home(later) or earlier.ended_on != later.started_on:
            break
        since = earlier.started_on
    return since
