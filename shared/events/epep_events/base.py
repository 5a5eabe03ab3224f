"""What every event is: a frozen, named, versioned fact in the past tense."""

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class PersonalData:
    """Marks a field as personal data, so that documents and later encryption can find it."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Say in every generated schema that the field is personal data."""
        described: dict[str, Any] = handler(schema)
        described["x-personal-data"] = True
        return described


Personal = Annotated[T, PersonalData()]
"""`Personal[str]`: a value about a living person; never logged, never in a URL."""


class Value(BaseModel):
    """A frozen part of an event. Unknown fields are refused, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Value):
    """A fact that was true once and stays so.

    The class name is the stored type (`PEPInitiated`); `schema_version` counts its shapes from 1.
    A published shape never changes: a new one gets a new version and an upcaster from the last.
    """

    schema_version: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        """Return the name under which the event is stored and published."""
        return cls.__name__
