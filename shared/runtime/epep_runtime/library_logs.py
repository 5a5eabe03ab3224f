"""What libraries log, as JSON lines like our own, and without the floods.

A Kafka client that finds no broker says so several times a second for each of its connections. A
service has a dozen: ten minutes without Kafka would be half a million lines that say one thing.
"""

import logging
import sys
import time
from collections.abc import Callable

import structlog

QUIET_SECONDS = 10.0


class Seldom(logging.Filter):
    """Lets a message through once in ten seconds, with how often it was held back before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to say it now; what it was said about does not make it another message."""
        key = (record.name, str(record.msg))
        now = self._clock()
        said_at, held_back = self._said.get(key, (float("-inf"), 0))
        if now - said_at < QUIET_SECONDS:
            self._said[key] = (said_at, held_back + 1)
            return False
        self._said[key] = (now, 0)
        if held_back:
            record.msg, record.args = f"{record.getMessage()} (and {held_back} times more)", ()
        return True


def hear_libraries(level: str) -> None:
    """Send what libraries log to stdout as JSON lines; Kafka's clients only their errors."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Seldom())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(
                    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
                ),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
