"""The PEP: one stream from its initiation to its sign-off."""
