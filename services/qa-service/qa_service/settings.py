"""What qa-service is told by its environment beside what every service is: `EPEP_BOARD_*`."""

from pydantic import Field

from epep_runtime.settings import Settings


class QASettings(Settings):
    """`board_generation` names the live board's table; one more builds it anew from the start."""

    board_generation: int = Field(default=1, ge=1)
