"""Children, authority profiles, PEPs and their change log."""
