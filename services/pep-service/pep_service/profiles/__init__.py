"""Authorities' ways of working: versioned documents, published as events, read as data."""
