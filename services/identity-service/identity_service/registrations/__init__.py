"""Asking for an account or a role, and the virtual school's answer."""
