"""Personal values are sealed, come back as they were, cannot be moved, and can be erased."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from epep_events.base import ERASED, Event, Personal
from epep_events.contexts import catalog
from epep_events.meeting import InvitedPerson, MeetingCancelled
from epep_events.notification import NotificationRequested
from epep_events.pep import ChildRegistered, PageSaved
from epep_events.samples import sample
from epep_events.sealed_fields import (
    ErasedSubjectError,
    KeyMissingError,
    SealBrokenError,
    UnknownSubjectError,
    open_sealed,
    plan_of,
    seal,
    sealed_slots,
    slots_to_seal,
)

GOLDEN = Path(__file__).parent / "golden_personal_fields.json"
ALL = catalog().types()
PERSONAL = [event for event in ALL if plan_of(event)]
CHILD = str(uuid4())


def named(event: type[Event]) -> str:
    return event.type_name()


class Keys(dict[str, AESGCM | None]):
    """Makes a key for whoever is asked for."""

    def __missing__(self, subject: str) -> AESGCM:
        key = self[subject] = AESGCM(AESGCM.generate_key(256))
        return key


def sealed(event: Event, event_id: UUID, keys: Keys, about: str | None = CHILD) -> Any:
    document = event.model_dump(mode="json")
    seal(slots_to_seal(plan_of(type(event)), document, about), event_id, keys)
    return orjson.loads(orjson.dumps(document))


def text_values(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for each in value.values() for text in text_values(each)}
    if isinstance(value, list):
        return {text for each in value for text in text_values(each)}
    return {value} if isinstance(value, str) else set()


def at(document: Any, path: str) -> list[Any]:
    """Return every value at a path without numbers, through lists."""
    found = [document]
    for part in path.split("."):
        steps = [each for one in found for each in (one if isinstance(one, list) else [one])]
        found = [each[part] for each in steps]
    return found


@pytest.mark.parametrize("event", PERSONAL, ids=named)
def test_what_is_sealed_cannot_be_read_and_comes_back_as_it_was(event: type[Event]) -> None:
    said, event_id, keys = sample(event), uuid4(), Keys()
    stored = sealed(said, event_id, keys)
    for path, _ in plan_of(event).paths():
        for value in at(stored, path):
            assert set(value) - {"erased"} == {"sealed", "subject"}
    erased = open_sealed(sealed_slots(stored), event_id, keys)
    assert (event.model_validate(stored), erased) == (said, frozenset())


@pytest.mark.parametrize("event", PERSONAL, ids=named)
def test_an_erased_person_reads_as_erased_in_every_event(event: type[Event]) -> None:
    event_id, keys = uuid4(), Keys()
    stored = sealed(sample(event), event_id, keys)
    gone = dict.fromkeys(keys)
    assert open_sealed(sealed_slots(stored), event_id, gone) == frozenset(keys)
    opened = event.model_validate(stored).model_dump(mode="json")
    for path, mark in plan_of(event).paths():
        assert all(value == mark.erased for value in at(opened, path))


@pytest.mark.parametrize("event", PERSONAL, ids=named)
def test_without_keys_an_auditor_reads_sealed(event: type[Event]) -> None:
    event_id = uuid4()
    stored = sealed(sample(event), event_id, Keys())
    open_sealed(sealed_slots(stored), event_id, {}, "[sealed]")
    opened = event.model_validate(stored).model_dump(mode="json")
    for path, mark in plan_of(event).paths():
        wanted = "[sealed]" if mark.erased == ERASED else mark.erased
        assert all(value == wanted for value in at(opened, path))


@pytest.mark.parametrize("event", PERSONAL, ids=named)
def test_an_erased_event_can_be_said_again_without_a_key(event: type[Event]) -> None:
    event_id, keys = uuid4(), Keys()
    stored = sealed(sample(event), event_id, keys)
    open_sealed(sealed_slots(stored), event_id, dict.fromkeys(keys))
    again = event.model_validate(stored).model_dump(mode="json")
    assert slots_to_seal(plan_of(event), again, None) == []


def test_what_is_personal_in_the_events_changes_only_on_purpose() -> None:
    """Each field's subject, and what it reads as once erased. Mend the file by hand."""
    told = {
        event.type_name(): {
            path: [mark.whose, mark.erased] for path, mark in plan_of(event).paths()
        }
        for event in PERSONAL
    }
    assert told == json.loads(GOLDEN.read_text())


def test_the_child_of_the_stream_counts_where_an_event_does_not_say_its_child() -> None:
    event_id, keys = uuid4(), Keys()
    sealed(sample(PageSaved), event_id, keys)
    assert set(keys) == {CHILD}
    with pytest.raises(UnknownSubjectError, match=r"changes\.0\.old"):
        sealed(sample(PageSaved), event_id, keys, about=None)


def test_an_event_that_says_its_child_is_sealed_for_that_child() -> None:
    said, keys = sample(ChildRegistered), Keys()
    sealed(said, uuid4(), keys)
    assert set(keys) == {str(said.model_dump()["child_id"])}


def test_each_person_invited_is_sealed_under_their_own_key() -> None:
    said = sample(MeetingCancelled)
    assert isinstance(said, MeetingCancelled)
    with_account = said.invited[0]
    guest = with_account.model_copy(update={"account_id": None, "invitation_id": uuid4()})
    keys = Keys()
    stored = sealed(said.model_copy(update={"invited": (with_account, guest)}), uuid4(), keys)
    subjects = [each["name"]["subject"] for each in stored["invited"]]
    assert subjects == [str(with_account.account_id), str(guest.invitation_id)]
    assert stored["child_initials"]["subject"] == str(said.child_id)


def test_a_mail_about_no_child_is_the_recipients_alone() -> None:
    said = sample(NotificationRequested)
    assert isinstance(said, NotificationRequested)
    to_nobodys_child = said.model_copy(update={"child_id": None})
    assert sealed(said, uuid4(), Keys(), None)["subject"]["subject"] == str(said.child_id)
    stored = sealed(to_nobodys_child, uuid4(), Keys(), None)
    assert stored["subject"]["subject"] == str(said.account_id)


def test_a_sealed_value_cannot_be_moved_to_another_event_or_field() -> None:
    said, event_id, keys = sample(ChildRegistered), uuid4(), Keys()
    stored = sealed(said, event_id, keys)
    with pytest.raises(SealBrokenError):
        open_sealed(sealed_slots(orjson.loads(orjson.dumps(stored))), uuid4(), keys)
    stored["first_name"], stored["last_name"] = stored["last_name"], stored["first_name"]
    with pytest.raises(SealBrokenError, match="first_name"):
        open_sealed(sealed_slots(stored), event_id, keys)


def test_a_sealed_value_cannot_be_altered_or_given_to_another_subject() -> None:
    event_id, keys = uuid4(), Keys()
    stored = sealed(sample(ChildRegistered), event_id, keys)
    other = str(uuid4())
    stored["first_name"]["subject"] = other
    _ = keys[other]
    with pytest.raises(SealBrokenError):
        open_sealed(sealed_slots(stored), event_id, keys)


def test_the_same_value_is_never_sealed_the_same_and_its_length_tells_little() -> None:
    keys, event_id = Keys(), uuid4()
    said = sample(ChildRegistered)
    names = [sealed(said, event_id, keys)["first_name"]["sealed"] for _ in range(3)]
    assert len(set(names)) == 3
    facts = [
        sealed(said.model_copy(update={"mother": fact}), event_id, keys)["mother"]["sealed"]
        for fact in (True, False)
    ]
    assert len(facts[0]) == len(facts[1])


def test_what_somebody_types_is_never_taken_for_a_sealed_value() -> None:
    said = sample(PageSaved)
    assert isinstance(said, PageSaved)
    typed: Any = {"sealed": "AAAA", "subject": CHILD}
    change = said.changes[0].model_copy(update={"old": None, "new": typed})
    event_id, keys = uuid4(), Keys()
    stored = sealed(said.model_copy(update={"changes": (change,)}), event_id, keys)
    open_sealed(sealed_slots(stored), event_id, keys)
    assert stored["changes"][0] == {**change.model_dump(mode="json"), "old": None, "new": typed}


def test_nothing_can_be_sealed_for_an_erased_person() -> None:
    document = sample(PageSaved).model_dump(mode="json")
    slots = slots_to_seal(plan_of(PageSaved), document, CHILD)
    with pytest.raises(ErasedSubjectError):
        seal(slots, uuid4(), {CHILD: None})


def test_a_keyring_that_never_had_the_key_is_not_taken_for_an_erasure() -> None:
    event_id = uuid4()
    stored = sealed(sample(PageSaved), event_id, Keys())
    with pytest.raises(KeyMissingError):
        open_sealed(sealed_slots(stored), event_id, {})


class Hidden(BaseModel):
    """A mark that no plan would find."""

    names: list[Personal[str]]


def test_a_mark_inside_a_list_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Hidden\.names: mark the whole field"):
        plan_of(Hidden)


def test_an_invited_person_is_no_part_of_a_childs_record_alone() -> None:
    assert {mark.whose for _, mark in plan_of(InvitedPerson).paths()} == {"adult"}
