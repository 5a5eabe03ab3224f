"""What was kept lately is there for its time, and while there is room for it."""

from epep_runtime.recent import Recent


def test_the_one_kept_longest_ago_makes_room() -> None:
    recent = Recent[str, int](most=2, seconds=10)
    for number, name in enumerate(("a", "b", "a", "c")):
        recent.keep({name: number})
    assert recent.find("abc") == {"a": 2, "c": 3}
    recent.forget("a")
    assert recent.find("abc") == {"c": 3}


def test_all_grow_old_and_what_nobody_asks_for_goes_too() -> None:
    now = 0.0
    recent = Recent[str, int](most=9, seconds=10, clock=lambda: now)
    recent.keep({"a": 1, "b": 2})
    now = 6.0
    recent.keep({"b": 3})
    now = 10.0
    assert recent.find("ab") == {"b": 3, "a": 1}
    now = 11.0
    assert recent.find("ab") == {"b": 3}
    assert len(recent) == 1
