"""Which kinds of notification may be had without a mail, and why the others may not: data."""

from functools import cache
from importlib.resources import files
from typing import Annotated, get_args

import yaml
from pydantic import Field, model_validator

from epep_events.base import Value
from epep_events.notification import Kind


class Choosable(Value):
    """A kind that a person may have in the portal only; `hint` says who is told of it."""

    kind: Kind
    label: str
    hint: str


class Always(Value):
    """Kinds that are mailed whatever anybody wants, in words, and why."""

    label: str
    reason: str
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]


class Kinds(Value):
    """Every kind of notification, either to choose or always mailed; and the mail of the day."""

    choosable: tuple[Choosable, ...]
    always: tuple[Always, ...]
    daily: tuple[Always, ...]

    @model_validator(mode="after")
    def _each_once(self) -> "Kinds":
        named = [each.kind for each in self.choosable]
        named += [kind for group in (*self.always, *self.daily) for kind in group.kinds]
        if sorted(named) != sorted(get_args(Kind)):
            raise ValueError("every kind of notification must be named once")
        return self

    def may_be_unmailed(self, kind: Kind) -> bool:
        """Tell whether a person may have this kind in the portal only."""
        return any(each.kind == kind for each in self.choosable)

    def why_always(self, kind: Kind) -> str:
        """Return the sentence that says why this kind is always mailed; "" where it is not."""
        groups = (*self.always, *self.daily)
        return next((each.reason for each in groups if kind in each.kinds), "")


@cache
def kinds() -> Kinds:
    """Return what the shipped file says. Raises ValidationError where it names a kind not once."""
    text = files("notification_service.preferences").joinpath("kinds.yaml").read_text("utf-8")
    return Kinds.model_validate(yaml.safe_load(text))
