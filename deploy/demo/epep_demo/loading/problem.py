"""What stops the loading, in words for the person who started it."""


class LoadError(Exception):
    """One clear sentence (or two) about the step that failed."""
