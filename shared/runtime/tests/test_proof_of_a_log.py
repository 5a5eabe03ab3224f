"""Whoever changes a log is found out, however carefully: by its chains or by its signed roots."""

import hashlib
from collections.abc import Callable

import orjson
import pytest
from made_log import MadeLog, Row, chained, check, numbered, signer, some_log

from epep_runtime.proof.checking import Notary, first_lines
from epep_runtime.proof.one_stream import Signed, check_stream
from epep_runtime.proof.tree import LEAVES, Head, StreamTree, leaf_of, slot_of


def at(rows: list[Row], stream: str, version: int) -> int:
    """Return the place of an event among the rows."""
    return next(
        place
        for place, row in enumerate(rows)
        if (row["stream_id"], row["stream_version"]) == (stream, version)
    )


def without(rows: list[Row], stream: str, *versions: int) -> list[Row]:
    return [
        row
        for row in rows
        if row["stream_id"] != stream or (versions and row["stream_version"] not in versions)
    ]


def put(rows: list[Row], stream: str, version: int, **changes: object) -> list[Row]:
    place = at(rows, stream, version)
    return [*rows[:place], {**rows[place], **changes}, *rows[place + 1 :]]


def test_a_log_that_nobody_touched_is_whole() -> None:
    log = some_log()
    report = check(log.rows, log.sealed)
    assert report.faults == []
    assert (report.events, report.streams, report.seals) == (16, 4, 2)
    assert report.sealed == 14
    assert "2 later events are chained" in first_lines(report)[2]


@pytest.mark.parametrize(
    "changes",
    [
        {"text": '"Zoe reads well"'},
        {"text": '"Zoë reads  well"'},
        {"actor_id": "b"},
        {"actor_role": "carer"},
        {"on_behalf_of": "c"},
        {"authority": None},
        {"type": "PEPSignedOff"},
        {"schema_version": 2},
        {"event_id": "another"},
        {"correlation_id": "another"},
        {"causation_id": "another"},
    ],
)
def test_an_altered_event_is_named(changes: Row) -> None:
    log = some_log()
    report = check(put(log.rows, "pep-1", 2, **changes))
    assert report.faults[0].startswith("Version 2 of pep-1 was altered")


def test_an_event_that_is_gone_from_the_middle_is_named() -> None:
    log = some_log()
    faults = check(without(log.rows, "pep-1", 2)).faults
    assert faults[0] == "The event with publication number 5 is missing."
    assert faults[1].startswith("Version 2 of pep-1 is missing: after version 1 comes version 3")


def test_a_careful_forger_who_numbers_again_does_not_hide_the_missing_event() -> None:
    log = some_log()
    faults = check(numbered(without(log.rows, "pep-1", 2, 3))).faults
    assert faults[0].startswith("Versions 2 to 3 of pep-1 are missing")


@pytest.mark.parametrize(
    ("tamper", "first", "named"),
    [
        (
            lambda rows: without(rows, "pep-1", 4, 5),
            "publication number from 11 to 14",
            "The end of pep-1 is missing: versions 4 to 5 are not there.",
        ),
        (
            lambda rows: without(rows, "child-1"),
            "publication number from 1 to 10",
            "child-1 is missing as a whole: it was signed at version 3.",
        ),
        (
            lambda rows: put(rows, "pep-1", 2, text='"She reads badly"'),
            "publication number from 1 to 10",
            "pep-1 is not as it was signed",
        ),
        (
            lambda rows: put(rows, "pep-2", 4, actor_id="b"),
            "publication number from 11 to 14",
            "pep-2 is not as it was signed",
        ),
        (
            lambda rows: [*rows[:3], {**rows[2], "event_id": "put-in"}, *rows[3:]],
            "publication number from 1 to 10",
            "pep-2 is not as it was signed",
        ),
        (
            lambda rows: [*rows[:3], {**rows[2], "stream_id": "pep-3"}, *rows[3:]],
            "publication number from 1 to 10",
            "pep-3 was put in: no such stream was signed.",
        ),
        (
            lambda rows: [rows[0], rows[4], *rows[2:4], rows[1], *rows[5:]],
            "publication number from 1 to 10",
            "pep-1 is not as it was signed",
        ),
    ],
    ids=["tail", "stream", "altered", "altered later", "put in", "stream put in", "exchanged"],
)
def test_what_no_chain_can_show_the_signed_root_does(
    tamper: Callable[[list[Row]], list[Row]], first: str, named: str
) -> None:
    """The forger makes all numbers and hashes again: every chain holds."""
    log = some_log()
    report = check(numbered(chained(tamper(log.rows))), log.sealed)
    assert first in report.faults[0]
    assert any(each.startswith(named) for each in report.faults)


def test_an_event_that_is_put_in_or_exchanged_breaks_the_chain() -> None:
    log = some_log()
    place = at(log.rows, "pep-1", 3)
    more = [*log.rows[:place], {**log.rows[place], "event_id": "another"}, *log.rows[place:]]
    assert "was altered" in check(numbered(more)).faults[0]
    twice = [*log.rows[:place], log.rows[place], *log.rows[place:]]
    assert "is there twice, or out of order: one was put in" in check(numbered(twice)).faults[0]
    one, two = at(log.rows, "pep-1", 2), at(log.rows, "pep-1", 3)
    swapped = list(log.rows)
    swapped[one], swapped[two] = swapped[two], swapped[one]
    assert check(numbered(swapped)).faults[0].startswith("Version 2 of pep-1 is missing")


def test_an_event_whose_own_hash_was_made_again_breaks_the_next_one() -> None:
    log = some_log()
    place = at(log.rows, "pep-1", 2)
    changed = chained([*log.rows[:place], {**log.rows[place], "text": '"other"'}])[-1]
    rows = [*log.rows[:place], changed, *log.rows[place + 1 :]]
    assert check(rows).faults[0].startswith("Version 3 of pep-1 does not follow")


def test_a_forged_signature_does_not_count() -> None:
    log = some_log()
    forged = put(log.rows, "pep-1", 4, text='"other"')
    place = at(log.rows, "operations", 3)
    own = MadeLog()
    own.signer = signer()[0]
    own.rows = chained(forged)[: place - 1]
    said = {**orjson.loads(log.rows[place]["text"]), "root": own.tree.root().hex()}
    forged[place] = {**forged[place], "text": orjson.dumps(said).decode()}
    report = check(numbered(chained(forged)), log.sealed)
    assert any("1 to 14 does not count: its signature is forged." in each for each in report.faults)


def test_a_log_written_anew_under_another_key_is_found_by_the_fingerprint_you_trust() -> None:
    genuine, forged = some_log(), some_log()
    assert check(forged.rows).faults == []
    trusted = [genuine.signer.kid]
    assert check(genuine.rows, trusted=trusted).faults == []
    assert "is not one that you trust" in check(forged.rows, trusted=trusted).faults[0]


def test_a_key_that_was_exchanged_under_its_name_does_not_count() -> None:
    log = some_log()
    said = {"kid": log.signer.kid, "jwk": signer()[1]}
    forged = put(log.rows, "operations", 1, text=orjson.dumps(said).decode())
    assert any("is another one" in each for each in check(chained(forged)).faults)


def test_a_log_cut_off_before_its_last_root_is_found_by_the_root_you_kept() -> None:
    log = some_log()
    kept = log.seal()
    cut = log.rows[:11]
    assert check(cut).faults == []
    faults = check(cut, known=[kept]).faults
    assert "(you kept it from earlier) does not fit what is there" in faults[0]


def test_a_log_without_roots_is_not_called_proven() -> None:
    log = some_log()
    report = check(numbered(without(log.rows, "operations")))
    assert report.last_seal is None
    assert "no root is signed yet" in first_lines(report)[0]


def test_one_stream_is_proven_by_its_place_under_the_root() -> None:
    log = some_log()
    assert log.sealed is not None
    signed = Signed(log.sealed.root().hex(), log.sealed.get("pep-1"))

    def faults(rows: list[Row]) -> list[str]:
        notary = Notary("pep")
        operations = [row for row in rows if row["stream_id"] == "operations"]
        for row in operations:
            notary.hear(row)
        own = [row for row in rows if row["stream_id"] == "pep-1"]
        return check_stream("pep-1", own, operations, notary, signed).faults

    assert faults(log.rows) == []
    assert "The end of pep-1" in faults(without(log.rows, "pep-1", 5))[0]
    assert "missing as a whole" in faults(without(log.rows, "pep-1"))[0]
    again = chained(put(log.rows, "pep-1", 1, text='"other"'))
    assert "is not as it was signed" in faults(again)[0]
    signed = Signed(StreamTree().root().hex(), log.sealed.get("pep-1"))
    assert "is not the one under it" in faults(log.rows)[0]


def test_the_tree_is_that_of_rfc_6962() -> None:
    """Leaves and nodes hashed one by one, without any of the tree's shortcuts."""
    heads = {f"pep-{n}": Head(n, hashlib.sha256(bytes([n])).digest()) for n in range(1, 60)}
    leaves: list[list[object]] = [[] for _ in range(LEAVES)]
    for stream in sorted(heads):
        leaves[slot_of(stream)].append([stream, heads[stream].version, heads[stream].hash.hex()])
    level = [hashlib.sha256(b"\x00" + orjson.dumps(each)).digest() for each in leaves]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
    tree = StreamTree()
    for stream, head in heads.items():
        tree.put(stream, head)
        tree.root()
    assert tree.root() == level[0]
    assert leaf_of({}) == hashlib.sha256(b"\x00[]").digest()
