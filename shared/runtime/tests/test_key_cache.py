"""The keys in memory: for a short time, and a destroyed one never again."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from epep_runtime.keyring import KeyCache


def test_a_destroyed_key_is_known_as_destroyed_for_as_long_as_anybody_asks() -> None:
    now = 0.0
    cache = KeyCache(10, seconds=60, clock=lambda: now)
    cache.forget("amy")
    for minute in range(1, 4):
        now = minute * 61.0
        assert cache.find(["amy"]) == ({}, ["amy"])
        cache.keep({"amy": None})
        assert cache.find(["amy"]) == ({"amy": None}, [])


def test_a_key_that_was_on_its_way_when_it_was_destroyed_stays_destroyed() -> None:
    now = 0.0
    cache = KeyCache(10, seconds=60, clock=lambda: now)
    cache.forget("amy")
    for later in (1.0, 62.0):
        now = later
        cache.keep({"amy": AESGCM(bytes(32))})
        assert cache.find(["amy"]) == ({"amy": None}, [])
