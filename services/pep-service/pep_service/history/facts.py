"""A PEP as a list of facts in words, so that two moments can be compared line by line. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from epep_events.envelope import Recorded
from epep_events.profile import Section
from pep_service.peps.pep import PEP, TargetState, evolve
from pep_service.peps.reading import Stamps, stamps_of
from pep_service.peps.status import STATE_LABELS, state_of
from pep_service.peps.target_labels import LABELS
from pep_service.profiles.form import completable, pages_of, sections_of
from pep_service.read_models.change_log.row import As, Raw, change
from pep_service.read_models.change_log.showing import Words, in_words

THE_PEP = "The PEP"
TARGET_PARTS: dict[str, As] = {"area": "area", "due_on": "date"}
DECISIONS = {"signed_off": "Signed off", "returned": "Returned", "feedback": "Feedback given"}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so at a moment. `key` is the same at every moment; the rest is words."""

    key: tuple[str, ...]
    where: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A fact that is otherwise at two moments; None where it is not so at one of them."""

    where: str
    label: str
    old: str | None
    new: str | None


def facts_of(events: Sequence[Recorded], words: Words) -> list[Fact]:
    """Return everything that is so after these events of one PEP; nothing before its first."""
    pep = PEP()
    for event in events:
        pep = evolve(pep, event.data)
    if pep.initiated is None:
        return []
    start = pep.start
    sections = sections_of(words.profile, start.variant, start.year_group)
    stamps = stamps_of(events)
    return [
        *_whole(pep, sections, stamps, words),
        *_sections(pep, sections, stamps, words),
        *_answers(pep, sections, words),
        *_targets(pep.targets.values(), words),
    ]


def differences(before: Iterable[Fact], after: Iterable[Fact]) -> list[Moved]:
    """Return what is different, in the order of the later moment; what is gone comes last."""
    old, new = ({fact.key: fact for fact in facts} for facts in (before, after))
    moved = [
        Moved(fact.where, fact.label, old[key].value if key in old else None, fact.value)
        for key, fact in new.items()
        if key not in old or old[key].value != fact.value
    ]
    gone = [
        Moved(fact.where, fact.label, fact.value, None)
        for key, fact in old.items()
        if key not in new
    ]
    return moved + gone


def _said(value: Raw, as_: As, words: Words, field: str = "", page: str | None = None) -> str:
    asked = change(field, "", None, value, as_, page=page)
    return in_words(asked, asked["new"], words) or ""


def _known(facts: Iterable[Fact]) -> Iterator[Fact]:
    return (fact for fact in facts if fact.value)


def _whole(pep: PEP, sections: tuple[Section, ...], stamps: Stamps, words: Words) -> Iterator[Fact]:
    plan, outcome = pep.next_meeting, pep.outcome
    signed = stamps.signed_off
    lines = {
        "Kind": pep.start.kind_label,
        "State": STATE_LABELS[state_of(pep, sections)],
        "To be complete by": _said(pep.completion_due, "date", words),
        "Meeting": _said(pep.meeting_at, "instant", words),
        "Place": pep.meeting_place or "",
        "Meeting held": "Yes" if pep.meeting_confirmed else "",
        "Next meeting": _said(plan.starts_at if plan else None, "instant", words),
        "Returned because": pep.returned.comment if pep.returned else "",
        "Quality": DECISIONS[outcome.decision] if outcome else "",
        "Rating": outcome.rating_label if outcome else "",
        "Signed off": _by(signed.at, signed.account_id, words) if signed else "",
    }
    yield from _known(
        Fact(("pep", label), THE_PEP, label, value or "") for label, value in lines.items()
    )


def _by(at: Raw, account_id: object, words: Words) -> str:
    who = "ePEP" if account_id is None else _said(str(account_id), "person", words)
    return f"{_said(at, 'instant', words)} by {who}"


def _sections(
    pep: PEP, sections: tuple[Section, ...], stamps: Stamps, words: Words
) -> Iterator[Fact]:
    for section in completable(sections):
        stamp = stamps.sections.get(section.key)
        if section.key in pep.completed and stamp:
            value = _by(stamp.at, stamp.account_id, words)
            yield Fact(("section", section.key), section.title, "Complete", value)


def _answers(pep: PEP, sections: tuple[Section, ...], words: Words) -> Iterator[Fact]:
    """Pages in the form's order; an answer that the form has no field for goes by its key."""
    titles = {page.key: f"{section.title} › {page.title}" for section, page in pages_of(sections)}
    fields = {page.key: [each.key for each in page.fields] for _, page in pages_of(sections)}
    for page in sorted(pep.values, key=lambda key: list(titles).index(key) if key in titles else 0):
        answers: dict[str, JsonValue] = dict(pep.answers(page))
        known = [key for key in fields.get(page, []) if key in answers]
        for key in [*known, *(key for key in answers if key not in known)]:
            field = words.fields.get((page, key))
            value = _said(answers[key], "answer", words, key, page)
            label = field.label if field else key
            yield from _known([Fact(("answer", page, key), titles.get(page, page), label, value)])


def _targets(targets: Iterable[TargetState], words: Words) -> Iterator[Fact]:
    for number, target in enumerate(targets, 1):
        where, key = f"Target {number}", str(target.target_id)
        yield Fact(("target", key, "status"), where, "Status", target.status.capitalize())
        facts = target.target.model_dump(mode="json")
        yield from _known(
            Fact(
                ("target", key, name),
                where,
                label,
                _said(facts[name], TARGET_PARTS.get(name, "text"), words),
            )
            for name, label in LABELS.items()
        )
