"""What identity shows of its events."""
