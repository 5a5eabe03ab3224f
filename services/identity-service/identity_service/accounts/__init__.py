"""Accounts: who has one, with which roles, and whether it may be used."""
