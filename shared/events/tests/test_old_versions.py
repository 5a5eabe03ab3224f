"""What was published once can be read for ever: each old golden file becomes today's event."""

import json
from pathlib import Path

import pytest

from epep_events.contexts import catalog

GOLDEN = Path(__file__).parent / "golden"
NEWEST = {each.type_name(): each.schema_version for each in catalog().types()}


def old_versions() -> list[Path]:
    found = []
    for file in sorted(GOLDEN.glob("*.json")):
        name, version, _ = file.name.split(".")
        if int(version[1:]) < NEWEST.get(name, 0):
            found.append(file)
    return found


@pytest.mark.parametrize("file", old_versions(), ids=lambda file: file.stem)
def test_an_old_version_of_an_event_becomes_the_newest(file: Path) -> None:
    name, version, _ = file.name.split(".")
    document = json.loads(file.read_text())["example"]
    read = catalog().read(name, int(version[1:]), document)
    said = read.model_dump(mode="json")
    assert {key: said[key] for key in document if key != "profile"} == {
        key: document[key] for key in document if key != "profile"
    }


def test_a_profile_from_before_declarations_asks_for_none() -> None:
    document = json.loads((GOLDEN / "AuthorityProfilePublished.v1.json").read_text())["example"]
    read = catalog().read("AuthorityProfilePublished", 1, document)
    sign_in = read.model_dump()["profile"]["sign_in"]
    assert sign_in == {
        "declarations_version": 0,
        "declarations": (),
        "remembered_device_days": 0,
    }


def test_a_profile_from_before_it_named_its_language_is_in_english() -> None:
    for version in (1, 2):
        document = json.loads((GOLDEN / f"AuthorityProfilePublished.v{version}.json").read_text())[
            "example"
        ]
        read = catalog().read("AuthorityProfilePublished", version, document)
        assert read.model_dump()["profile"]["language"] == "en"


def test_a_profile_from_before_it_named_an_hour_leaves_it_to_the_installation() -> None:
    for version in (1, 2, 3):
        file = GOLDEN / f"AuthorityProfilePublished.v{version}.json"
        document = json.loads(file.read_text())["example"]
        read = catalog().read("AuthorityProfilePublished", version, document)
        assert read.model_dump()["profile"]["digest_at"] is None


@pytest.mark.parametrize("hour", ["24:00", "7:30", "07:60", "07:30:00", 630, "morning"])
def test_an_hour_that_is_none_is_no_profile(hour: object) -> None:
    """Unquoted, YAML reads 10:30 as the number 630."""
    document = json.loads((GOLDEN / "AuthorityProfilePublished.v4.json").read_text())["example"]
    document["profile"]["digest_at"] = hour
    with pytest.raises(ValueError, match="digest_at"):
        catalog().read("AuthorityProfilePublished", 4, document)
