"""Key indicators at the top of a child's page (S30): what a professional must know at a glance."""

from datetime import date, timedelta

from pep_service.children.child import Child, Episode
from pep_service.children.codes import code_lists
from pep_service.children.describing import day, placement_text, years_and_months
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
        Indicator(label="Year group", value=f"{school.label} ({school.key_stage})"),
        *_care(child, today),
        Indicator(
            label="Placements in the last 12 months",
            value=str(recent),
            tone=_tone(recent, yellow=2, red=3),
        ),
        Indicator(label="Placements in all", value=str(placements_since(child, None))),
        Indicator(
            label="School moves",
            value=str(child.school_moves),
            tone=_tone(child.school_moves, yellow=1, red=2),
        ),
        Indicator(
            label="School or setting",
            value=child.setting_name or child.setting_urn or "None recorded",
            tone="none" if child.setting_urn else "red",
        ),
    ]


def _tone(count: int, yellow: int, red: int) -> Tone:
    return "red" if count >= red else "yellow" if count >= yellow else "green"


def _care(child: Child, today: date) -> list[Indicator]:
    current, began = child.current_episode, care_began_on(child)
    if current is None or began is None:
        left = child.episodes[-1].ended_on if child.episodes else None
        value = f"Left care on {day(left)}" if left else "No episode recorded"
        return [Indicator(label="Legal status", value=value, tone="grey")]
    lists = code_lists()
    return [
        Indicator(label="Legal status", value=lists.label("ls", current.legal_status)),
        Indicator(label="Placement", value=lists.label("place", current.placement.place)),
        Indicator(label="Time in care", value=years_and_months(began, today)),
    ]


def core_data(child: Child, *, restricted: bool = True) -> list[Datum]:
    """Return the core data (S32) in words; addresses are not shown.

    Without `restricted`, nor is anything about care and where the child lives (families).
    """
    lists, current, began = code_lists(), child.current_episode, care_began_on(child)
    lines = [
        ("First name", child.first_name),
        ("Last name", child.last_name),
        ("Preferred name", child.preferred_name),
        ("Date of birth", day(child.date_of_birth)),
        ("Sex", lists.label("sex", child.sex)),
        ("Ethnicity", lists.label("ethnic", child.ethnicity)),
        ("UPN", child.upn or "Not known"),
        ("Social care number", child.social_care_id),
        ("School or setting", child.setting_name or child.setting_urn or "None recorded"),
    ]
    if child.mother:
        lines.append(("Mother of a child born on", day(child.mothers_child_born) or "Not known"))
    if current is not None and restricted:
        lines += [
            ("Came into care", day(began)),
            ("Legal status", lists.label("ls", current.legal_status)),
            ("Category of need", lists.label("cin", current.category_of_need)),
            ("Placement", placement_text(current.placement)),
            ("In this placement since", day(_home_since(child))),
        ]
    return [Datum(label=label, value=value or "Not recorded") for label, value in lines]


def _home_since(child: Child) -> date:
    since = child.episodes[-1].started_on
    for earlier, later in reversed(list(zip(child.episodes, child.episodes[1:], strict=False))):
        if _home(earlier) != _home(later) or earlier.ended_on != later.started_on:
            break
        since = earlier.started_on
    return since
