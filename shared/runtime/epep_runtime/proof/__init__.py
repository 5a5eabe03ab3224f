"""Proof that a log is whole: signed Merkle roots, checking, exporting, replaying.

Read in this order: `tree`, `signing`, `seals`, `checking`, `folder`, `exporting`, `replaying`.
"""
