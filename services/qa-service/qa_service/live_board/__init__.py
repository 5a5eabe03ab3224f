"""The live board of an authority: how its PEPs stand, counted as events come in (ADR 0016)."""
