"""One-use links in mails."""
