"""Python's search for reference cycles, where it costs most: in a rebuild.

What an event is made of, from its headers to its row, is never part of a cycle. But 100,000 such
objects come and go in a batch, and the search looks through all of them, and through everything
that the program has imported, again and again.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 500_000
"""So many more objects there must be before a search begins; Python's own number is 700."""


@contextmanager
def searching_seldom() -> Iterator[None]:
    """Let the search begin seldom while the block runs, and leave out what is there already."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
