"""Passwords: hashed, checked, never kept in the clear."""
