"""For tests: a made-up Welsh in which each text of a catalogue stands in ⟦brackets⟧.

What is read outside of brackets has not been translated. Nothing here is imported by a service.
"""

import re
from pathlib import Path

from epep_runtime.language import Language, read_language
from epep_runtime.translating import Collection, as_text

OURS = re.compile(r"⟦[^⟦⟧]*⟧")


def made_up_language(texts: Collection, folder: Path) -> Language:
    """Return the language, its catalogue written into the folder."""
    catalogue = texts.merged("cy", texts.collect())
    for message in catalogue:
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            said = [f"⟦{forms[-1]}⟧"] * (catalogue.num_plurals if len(forms) > 1 else 1)
            message.string = tuple(said) if len(forms) > 1 else said[0]
    path = folder / "messages.po"
    path.write_text(as_text(catalogue))
    return read_language("cy", path)


def outside(text: str) -> str:
    """Return what of a text stands in no brackets; those of values may stand in others."""
    found, left = OURS.subn("", text)
    return outside(found) if left else found.strip()
