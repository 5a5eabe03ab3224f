"""What every event is: a frozen, named, versioned fact in the past tense."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

T = TypeVar("T")
ERASED = "[erased]"
"""What a personal value reads as when its subject's key has been destroyed."""
CHILD = ("child_id",)
ADULT = ("account_id", "registration_id", "invitation_id", "notification_id", *CHILD)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Marks a field as personal data, which is stored and published only encrypted.

    `of` names the fields, beside it or around it, whose id is the subject's: the first that is
    there counts. `child_id` is also there where only the stream is known to be a child's.
    `erased` is what the field reads as when the subject's key has been destroyed; a type that
    cannot hold the text `[erased]` needs another value, which tells nothing.
    """

    of: tuple[str, ...] = CHILD
    erased: JsonValue = ERASED

    @property
    def whose(self) -> str:
        """Return `child` or `adult`."""
        return "child" if self.of[0] in CHILD else "adult"

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Say in every generated schema whose personal data the field is."""
        described: dict[str, Any] = handler(schema)
        described["x-personal-data"] = self.whose
        return described


Personal = Annotated[T, PersonalData()]
"""`Personal[str]`: something about a child, and what is written in a child's record."""

PersonalDate = Annotated[date, PersonalData(erased="1970-01-01")]
"""A date in a child's life."""

PersonalOrNone = Annotated[T | None, PersonalData(erased=None)]
"""`PersonalOrNone[date]`: about a child, of a type that is None once erased."""

PersonalList = Annotated[tuple[T, ...], PersonalData(erased=[])]
"""`PersonalList[str]`: a list in a child's record, which is empty once erased."""

PersonalOfAdult = Annotated[T, PersonalData(ADULT)]
"""`PersonalOfAdult[str]`: about an adult who has an account, asks for one, or is invited.

An adult without any such id is named only as part of a child's record, and goes with it.
"""


class Value(BaseModel):
    """A frozen part of an event. Unknown fields are refused, not ignored.

    What was wrong with a value is said without the value: errors end up in logs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Event(Value):
    """A fact that was true once and stays so.

    The class name is the stored type (`PEPInitiated`); `schema_version` counts its shapes from 1.
    A published shape never changes: a new one gets a new version and an upcaster from the last.
    Personal values are marked (`Personal`) and travel encrypted under their subject's key, as
    `{"sealed": …, "subject": …}`.
    """

    schema_version: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        """Return the name under which the event is stored and published."""
        return cls.__name__
