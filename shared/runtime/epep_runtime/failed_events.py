"""What is said of an event that a rebuild cannot take."""

import traceback
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition


class EventFailedError(Exception):
    """A rebuild cannot go on: its message names the event that a handler could not take."""


def named(where: TopicPartition, message: Any, error: Exception) -> str:
    """Say which event failed, and where in the code. The error's own text may hold people's data.

    A message without the headers of an event is named by its place in Kafka alone.
    """
    said = {name: value.decode(errors="replace") for name, value in message.headers}
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{said.get('ce_type', 'A message without a type')}, version"
        f" {said.get('ce_streamversion', '?')} of {said.get('ce_subject', '?')}, publication"
        f" {said.get('ce_sourceposition', '?')} (topic {where.topic}, partition {where.partition},"
        f" offset {message.offset}), could not be taken: {type(error).__name__} in"
        f" {Path(last.filename).name}, line {last.lineno}."
    )
