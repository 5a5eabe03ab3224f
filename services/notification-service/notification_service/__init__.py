"""Mail and messages, sent once, in reaction to events."""
