"""Sessions: proof of a log-in, until it ends."""
