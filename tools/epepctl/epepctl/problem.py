"""What is told to the operator when something cannot be done."""


class ToolError(Exception):
    """A sentence that says what is wrong and what to do; `status` is the exit status.

    1: the system said no, or does not answer; 2: the command was given wrongly.
    """

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
