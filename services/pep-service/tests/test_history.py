"""An operator reads a PEP's history: in words, as of a moment, between two; and it is noted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from epep_events.envelope import Actor, Metadata, Recorded
from epep_events.operations import HistoryRead
from epep_events.pep import PEPSignedOff, Target, TargetAmended, TargetDrafted
from epep_runtime.event_store import Cause
from pep_service.history.command import arguments_of, tell
from pep_service.history.facts import Moved, differences, facts_of
from pep_service.history.moments import moment
from pep_service.history.telling import entries, entry_lines, fact_lines, moved_lines
from pep_service.read_models.change_log.showing import Words, fields_of

BEGUN = datetime(2026, 11, 2, 9, tzinfo=UTC)
TEACHER = UUID(int=5)
TARGET = Target(
    area="reading",
    statement="Read for ten minutes every day",
    success_measure="Reading diary",
    due_on=BEGUN.date() + timedelta(days=90),
)


def recorded(story: Any) -> list[Recorded]:
    """Return a story's events as they stand in the log, a minute apart."""
    return [
        Recorded(
            event,
            Metadata(
                event_id=UUID(int=number),
                type=event.type_name(),
                schema_version=event.schema_version,
                source="pep",
                stream_id=f"pep-{story.pep_id}",
                stream_version=number,
                occurred_at=BEGUN + timedelta(minutes=number),
                authority="330",
                actor=Actor(id=str(TEACHER), role="designated_teacher"),
                correlation_id=uuid4(),
            ),
        )
        for number, event in enumerate(story.events, 1)
    ]


def words(story: Any) -> Words:
    return Words(
        profile=story.profile,
        fields=fields_of(story.profile),
        people={TEACHER: "Jo Bennett"},
        settings={},
        addresses=True,
    )


def saved_twice(story: Any) -> tuple[list[Recorded], Any]:
    section, page = next(
        (section, page)
        for section in story.begun().scheduled().sections
        for page in section.pages
        if any(field.type == "text" for field in page.fields)
    )
    field = next(field for field in page.fields if field.type == "text")
    story.saved(page.key, **{field.key: "Reads alone"}).saved(page.key, **{field.key: "Reads well"})
    return recorded(story), (section, page, field)


def test_every_event_of_the_stream_is_told(either: Any) -> None:
    either.begun().scheduled().filled().met().next_set().completed().submitted()
    events = recorded(either)
    told = entries(events, words(either))
    assert [each.version for each in told] == list(range(1, len(events) + 1))
    assert all(each.row.what and each.row.what != each.type for each in told)
    assert all(each.row.who == "Jo Bennett" for each in told)
    lines = entry_lines(told[0])
    assert lines[0] == "   1  02/11/2026 09:01:00  PEP created: Termly review PEP"
    assert lines[1].startswith("      Jo Bennett, ")


def test_the_state_is_that_of_the_moment(either: Any) -> None:
    events, (section, page, field) = saved_twice(either)
    key = ("answer", page.key, field.key)

    def answer(count: int) -> str | None:
        found = {fact.key: fact for fact in facts_of(events[:count], words(either))}
        return found[key].value if key in found else None

    assert [answer(count) for count in (0, 2, 3, 4)] == [None, None, "Reads alone", "Reads well"]
    assert facts_of([], words(either)) == []
    lines = fact_lines(facts_of(events, words(either)))
    assert lines[:2] == ["The PEP", "  Kind: Termly review PEP"]
    assert lines[lines.index(f"{section.title} › {page.title}") + 1] == (
        f"  {field.label}: Reads well"
    )


def test_the_difference_of_two_moments_is_what_changed_between_them(either: Any) -> None:
    events, (section, page, field) = saved_twice(either)
    states = [facts_of(events[:count], words(either)) for count in (3, 4)]
    moved = differences(*states)
    where = f"{section.title} › {page.title}"
    assert moved == [Moved(where, field.label, "Reads alone", "Reads well")]
    assert moved_lines(moved) == [f"{where}: {field.label}: Reads alone → Reads well"]
    assert differences(states[1], states[1]) == []
    back = differences(*reversed(states))
    assert [each.new for each in back] == ["Reads alone"]


def test_targets_sign_offs_and_what_is_gone_are_different_too(birmingham: Any) -> None:
    ids: dict[str, Any] = {"pep_id": birmingham.pep_id, "target_id": UUID(int=9)}
    amended = TARGET.model_copy(update={"statement": "Read for an hour"})
    birmingham.begun().given(TargetDrafted(**ids, section="targets", target=TARGET))
    birmingham.given(
        TargetAmended(**ids, section="targets", target=amended, changes=())
    ).completed()
    signed = PEPSignedOff(
        pep_id=birmingham.pep_id,
        child_id=birmingham.child_id,
        kind="review",
        profile_version=1,
        next_pep_id=uuid4(),
        next_meeting_at=None,
    )
    events = recorded(birmingham.given(signed))
    before, after = (facts_of(events[:count], words(birmingham)) for count in (2, len(events)))
    moved = {(each.where, each.label): each for each in differences(before, after)}
    statement = moved[("Target 1", "Target")]
    assert (statement.old, statement.new) == (TARGET.statement, "Read for an hour")
    assert moved[("The PEP", "State")].new == "Signed off"
    assert moved[("The PEP", "Signed off")].new.endswith("by Jo Bennett")  # type: ignore[union-attr]
    first = birmingham.section(birmingham.events[-2].section).title
    assert moved[(first, "Complete")].old is None
    gone = differences(after, before)
    assert ("The PEP", "Signed off", None) in [(each.where, each.label, each.new) for each in gone]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-20", datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-06-20", datetime(2026, 6, 20, 22, 59, 59, 999999, tzinfo=UTC)),
        ("2026-06-20T10:30", datetime(2026, 6, 20, 9, 30, tzinfo=UTC)),
        ("2026-06-20T10:30:15", datetime(2026, 6, 20, 9, 30, 15, tzinfo=UTC)),
        ("2026-06-20T10:30:00+00:00", datetime(2026, 6, 20, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_england_s_unless_it_says_otherwise(text: str, meant: datetime) -> None:
    assert moment(text) == meant


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-03-29T01:30", ""])
def test_a_moment_that_never_was_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment(text)


@pytest.mark.parametrize(
    "argv",
    [
        [str(UUID(int=1))],
        [str(UUID(int=1)), "--why", "  "],
        ["not-an-id", "--why", "audit"],
        [str(UUID(int=1)), "--why", "audit", "--as-of", "soon"],
    ],
)
def test_a_reason_and_a_real_pep_are_needed(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_of(argv)
    assert ended.value.code == 2


@pytest.mark.servers
async def test_reading_a_history_is_told_and_noted(
    world: Any, northvale: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    story = northvale.begun().scheduled().filled()
    process = world.service.process
    who = Cause(Actor(id=str(TEACHER), role="designated_teacher"), "998", uuid4())
    async with process.pool.acquire() as connection, connection.transaction():
        stream, child = f"pep-{story.pep_id}", story.child_id
        await process.store.append(connection, stream, 0, story.events, who, about=child)
    settings = world.service.process.settings

    async def ask(*options: str) -> str:
        argv = [f"pep-{story.pep_id}", "--why", "Complaint 12", *options]
        assert await tell(settings, arguments_of(argv)) == 0
        return capsys.readouterr().out

    assert "PEP created: Termly review PEP" in await ask()
    assert "The PEP had not begun." in await ask("--as-of", "2020-01-01")
    assert "The PEP: Kind: Termly review PEP" in await ask("--between", "2020-01-01", "2099-01-01")
    found = orjson.loads(await ask("--as-of", "2099-01-01", "--json"))
    assert found["version"] == len(story.events)
    assert {"where": "The PEP", "label": "State", "value": "Meeting arranged"} in found["facts"]
    read = [
        each
        for each in await world.service.said(HistoryRead)
        if each.data.stream == f"pep-{story.pep_id}"
    ]
    assert [len(each.data.moments) for each in read] == [0, 1, 2, 1]
    assert {each.data.why for each in read} == {"Complaint 12"}
    assert all(each.meta.actor.id.startswith("operator:") for each in read)
    nobody = arguments_of([str(uuid4()), "--why", "x"])
    assert await tell(settings, nobody) == 1
    assert "There is no PEP" in capsys.readouterr().err
