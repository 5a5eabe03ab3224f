"""A real event table: signed roots over it as it grows, and whoever changes it is found out."""

import secrets

import pytest
from counting import CATALOG, COUNTER, cause
from sealed_store import SECRET, grow, said, some_store, tamper

from epep_events.operations import LogExported, LogKeyPublished, LogSealed
from epep_runtime.event_store import EventStore
from epep_runtime.ids import new_id
from epep_runtime.postgres import Pool
from epep_runtime.proof import seals
from epep_runtime.proof.exporting import number_everything, seal_everything
from epep_runtime.proof.seals import SealRefusedError, seal_log
from epep_runtime.proof.signing import WrongLogSecretError
from epep_runtime.proof.stored import check_store, check_stored_stream

pytestmark = pytest.mark.servers


async def test_a_store_is_sealed_as_it_grows_and_proven(pool: Pool, store: EventStore) -> None:
    keys = await some_store(pool, store)
    report = await check_store(pool, "pep")
    assert report.faults == []
    assert (report.events, report.streams, report.seals) == (18, 4, 2)
    [key] = await said(pool, "LogKeyPublished")
    roots = await said(pool, "LogSealed")
    assert [each["events"] for each in roots] == [12, 16]
    assert {each["kid"] for each in roots} == {key["kid"]}
    stream = await check_stored_stream(pool, "pep", COUNTER.stream(keys[0]), [key["kid"]])
    assert (stream.faults, stream.events, stream.seals) == ([], 6, 1)
    assert await check_store(pool, "pep", ["another"]) != report
    assert await seal_everything(pool, store, SECRET, cause()) is not None
    assert "d" not in key["jwk"]
    kept = await pool.fetchval("SELECT sealed_jwk FROM log_keys")
    assert key["jwk"]["x"].encode() not in kept


async def test_seals_in_small_steps_make_the_same_root_as_one_over_everything(
    pool: Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_id()
    await grow(pool, store, key, 0, 5)
    monkeypatch.setattr(seals, "MOST_EVENTS", 2)
    await seal_everything(pool, store, SECRET, cause())
    assert [each["up_to_publication"] for each in await said(pool, "LogSealed")] == [2, 4, 5]
    assert (await check_store(pool, "pep")).faults == []


async def test_a_new_key_signs_from_then_on_and_the_old_one_still_counts(
    pool: Pool, store: EventStore
) -> None:
    await some_store(pool, store)
    await seal_everything(pool, store, SECRET, cause(), new_key=True)
    old, new = [each["kid"] for each in await said(pool, "LogKeyPublished")]
    assert [each["kid"] for each in await said(pool, "LogSealed")] == [old, old, new]
    assert (await check_store(pool, "pep", [old, new])).faults == []
    assert (await check_store(pool, "pep", [new])).faults != []
    with pytest.raises(WrongLogSecretError):
        await seal_everything(pool, store, secrets.token_bytes(32), cause())


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (
            [
                "UPDATE events SET data = replace(data::text, 'section', 'station')::json"
                " WHERE position = 3"
            ],
            "Version 3 of {0} was altered",
        ),
        (
            [
                "DELETE FROM publications WHERE position = 3",
                "DELETE FROM events WHERE position = 3",
            ],
            "Version 3 of {0} is missing: after version 2 comes version 4",
        ),
        (
            [
                "DELETE FROM publications USING events e WHERE publications.position = e.position"
                " AND stream_id = '{0}' AND stream_version > 4",
                "DELETE FROM events WHERE stream_id = '{0}' AND stream_version > 4",
            ],
            "The end of {0} is missing: versions 5 to 6 are not there.",
        ),
        (
            [
                "DELETE FROM publications USING events e WHERE publications.position = e.position"
                " AND stream_id = '{0}'",
                "DELETE FROM events WHERE stream_id = '{0}'",
            ],
            "{0} is missing as a whole: it was signed at version 6.",
        ),
    ],
    ids=["altered", "middle", "tail", "stream"],
)
async def test_whoever_tampers_with_the_table_is_found_out(
    pool: Pool, store: EventStore, statements: list[str], named: str
) -> None:
    keys = await some_store(pool, store)
    stream = COUNTER.stream(keys[0])
    await tamper(pool, *(each.format(stream) for each in statements))
    faults = (await check_store(pool, "pep")).faults
    assert any(each.startswith(named.format(stream)) for each in faults), faults
    assert (await check_stored_stream(pool, "pep", stream)).faults
    others = await check_stored_stream(pool, "pep", COUNTER.stream(keys[2]))
    assert others.faults == []


async def test_a_log_that_was_changed_is_not_signed(pool: Pool, store: EventStore) -> None:
    keys = await some_store(pool, store)
    stream = COUNTER.stream(keys[0])
    await tamper(
        pool, f"UPDATE sealed_heads SET hash = sha256('other') WHERE stream_id = '{stream}'"
    )
    await grow(pool, store, keys[0], 6, 1)
    await number_everything(pool)
    with pytest.raises(SealRefusedError, match=f"Version 7 of {stream}"):
        await seal_log(pool, store, SECRET, cause())


def test_what_the_log_says_about_itself_is_known_to_every_catalog() -> None:
    assert {LogKeyPublished, LogSealed, LogExported} <= set(CATALOG.types())
