"""Log-in: a password, then a code by mail."""
