"""Accounts, log-in and signed tokens."""
