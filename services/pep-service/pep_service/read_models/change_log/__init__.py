"""Read model: the change log, one row a change, from the events of every service (B49, D28)."""
