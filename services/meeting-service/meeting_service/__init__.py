"""PEP meetings, invitations and answers."""
