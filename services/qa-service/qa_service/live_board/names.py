"""What the board's consumer group and topic are called: worker and readers agree here."""

from qa_service.settings import QASettings

CONTEXTS = ("pep", "qa")
"""Whose events the board counts. Their topics have equally many partitions."""
TABLE = "streams"


def group(settings: QASettings) -> str:
    """Return the id of the stream application: consumer group, and stem of its topics' names."""
    return f"{settings.topic_prefix}qa-board-{settings.board_generation}"


def changelog(settings: QASettings) -> str:
    """Return the compacted topic that holds the newest value of every stream."""
    return f"{group(settings)}-{TABLE}-changelog"


def sources(settings: QASettings) -> list[str]:
    """Return the topics that the board counts from."""
    return [settings.topic(context) for context in CONTEXTS]
