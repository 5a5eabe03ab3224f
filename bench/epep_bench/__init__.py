"""How fast the event machinery is, measured against the bare thing: `make bench`."""
