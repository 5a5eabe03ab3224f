"""Personal values inside an event's document: sealed before it is stored, opened after it is read.

A sealed value is `{"sealed": <base64url>, "subject": <uuid>}`: nonce, AES-256-GCM ciphertext and
tag of its JSON under the subject's key, bound to the event's id and the value's place in it, so
that it cannot be moved. Where a type cannot hold the text `[erased]`, what it reads as instead
goes along as `"erased"`, so that opening needs no model: old versions open as they were written.

Pure: whoever calls brings the keys.
"""

from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import urandom
from typing import Any, NamedTuple, TypeAlias, get_args
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from epep_events.base import CHILD, ERASED, PersonalData

STANDARD = bytes.maketrans(b"-_", b"+/")
"""From the alphabet of base64url to that of base64."""
NONCE_BYTES = 12
PADDED_TO = 16
"""Plain texts are filled up with blanks to a multiple of this, so that lengths tell little."""

Subject: TypeAlias = str
"""A subject's id: the canonical text of a UUID."""
Keys: TypeAlias = Mapping[Subject, AESGCM | None]
"""The subjects' keys; None for one that has been destroyed."""
Document: TypeAlias = dict[str, Any]


class UnknownSubjectError(Exception):
    """A personal value whose subject is not known: a defect of the program that says the event."""


class SealBrokenError(Exception):
    """A sealed value was altered or moved, or its key is another one."""


class KeyMissingError(Exception):
    """The keyring never had the subject's key: it is not the one that goes with these events."""


class ErasedSubjectError(Exception):
    """The subject's key has been destroyed: nothing more can be said of that person."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(f"{subject} has been erased")
        self.subject = subject


class Slot(NamedTuple):
    """A place in a document that holds a personal value, sealed or to be sealed."""

    holder: Any
    key: str | int
    path: str
    subject: Subject
    erased: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """Where an event type holds personal values: its own fields, and parts that have some."""

    personal: tuple[tuple[str, PersonalData], ...]
    parts: tuple[tuple[str, "Plan"], ...]

    def __bool__(self) -> bool:
        """Tell whether there is anything to seal."""
        return bool(self.personal or self.parts)

    def paths(self, before: str = "") -> list[tuple[str, PersonalData]]:
        """Return every personal field by its path, `invited.email`, with its mark."""
        found = [(f"{before}{name}", mark) for name, mark in self.personal]
        for name, part in self.parts:
            found += part.paths(f"{before}{name}.")
        return found


@lru_cache(maxsize=1000)
def plan_of(model: type[BaseModel]) -> Plan:
    """Return where this model holds personal values. Raises TypeError for one out of reach."""
    personal: list[tuple[str, PersonalData]] = []
    parts: list[tuple[str, Plan]] = []
    for name, info in model.model_fields.items():
        mark = next((each for each in info.metadata if isinstance(each, PersonalData)), None)
        if mark:
            personal.append((name, mark))
            continue
        if "PersonalData(" in repr(info.annotation):
            raise TypeError(f"{model.__name__}.{name}: mark the whole field, not what is in it")
        plans = (plan_of(inner) for inner in _models_in(info.annotation))
        parts += [(name, plan) for plan in plans if plan]
    return Plan(tuple(personal), tuple(parts))


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    """Return the model that a field holds, itself, or none, or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models_in(each)]


def slots_to_seal(plan: Plan, document: Document, about: Subject | None) -> list[Slot]:
    """Return what must be sealed in an event's document. `about` is the child of its stream.

    None and what reads as erased already stay as they are. Raises UnknownSubjectError.
    """
    found: list[Slot] = []
    _to_seal(plan, document, "", (document,), about, found)
    return found


def _to_seal(
    plan: Plan,
    part: Document,
    path: str,
    around: tuple[Document, ...],
    about: Subject | None,
    found: list[Slot],
) -> None:
    for name, mark in plan.personal:
        value = part.get(name)
        if value is not None and value != mark.erased:
            subject = _subject(mark, around, about, path + name)
            found.append(Slot(part, name, path + name, subject, mark.erased))
    for name, inner in plan.parts:
        value = part.get(name)
        if isinstance(value, list):
            for number, each in enumerate(value):
                _to_seal(inner, each, f"{path}{name}.{number}.", (each, *around), about, found)
        elif value is not None:
            _to_seal(inner, value, f"{path}{name}.", (value, *around), about, found)


def _subject(
    mark: PersonalData, around: Sequence[Document], about: Subject | None, path: str
) -> Subject:
    for part in around:
        for name in mark.of:
            if found := part.get(name):
                return str(found)
    if about and CHILD[0] in mark.of:
        return about
    raise UnknownSubjectError(f"{path} is personal, but nothing tells whose: {', '.join(mark.of)}")


def names_adults(model: type[BaseModel]) -> bool:
    """Tell whether an event type holds personal values of adults."""
    return any(mark.whose == "adult" for _, mark in plan_of(model).paths())


def adults_in(event: BaseModel) -> list[UUID]:
    """Return the adults whose personal values an event holds, or held before they were erased."""
    found: set[Subject] = set()
    _adults(plan_of(type(event)), event.model_dump(mode="json"), (), found)
    return sorted(UUID(subject) for subject in found)


def _adults(plan: Plan, part: Document, around: tuple[Document, ...], found: set[Subject]) -> None:
    here = (part, *around)
    for name, mark in plan.personal:
        if mark.whose == "adult" and part.get(name) is not None:
            found.add(_subject(mark, here, str(UUID(int=0)), name))
    for name, inner in plan.parts:
        values = part.get(name) or []
        for each in values if isinstance(values, list) else [values]:
            _adults(inner, each, here, found)


def seal(
    slots: Iterable[Slot],
    event_id: UUID,
    keys: Keys,
    random: Callable[[int], bytes] = urandom,
) -> None:
    """Seal these values in their document. Raises ErasedSubjectError."""
    bound = f"{event_id}/"
    for slot in slots:
        key = keys[slot.subject]
        if key is None:
            raise ErasedSubjectError(slot.subject)
        plain = orjson.dumps(slot.holder[slot.key])
        plain = plain.ljust(-len(plain) // PADDED_TO * -PADDED_TO)
        nonce = random(NONCE_BYTES)
        cipher = nonce + key.encrypt(nonce, plain, (bound + slot.path).encode())
        sealed = {"sealed": urlsafe_b64encode(cipher).decode(), "subject": slot.subject}
        if slot.erased != ERASED:
            sealed["erased"] = slot.erased
        slot.holder[slot.key] = sealed


def sealed_slots(document: Document) -> list[Slot]:
    """Return the sealed values in a document, wherever they are, whatever event it is."""
    found: list[Slot] = []
    _sealed(document, "", found)
    return found


def _sealed(part: Any, path: str, found: list[Slot]) -> None:
    # Called for every part of every event that is read: exact types, for they come from JSON.
    items = part.items() if type(part) is dict else enumerate(part)
    for key, value in items:
        kind = type(value)
        if kind is dict:
            if "sealed" in value and "subject" in value and len(value) == 2 + ("erased" in value):
                erased = value.get("erased", ERASED)
                found.append(Slot(part, key, f"{path}{key}", value["subject"], erased))
            else:
                _sealed(value, f"{path}{key}.", found)
        elif kind is list:
            _sealed(value, f"{path}{key}.", found)


def open_sealed(
    slots: Iterable[Slot], event_id: UUID, keys: Keys, without_key: str | None = None
) -> frozenset[Subject]:
    """Put the plain values where these sealed ones are; return the subjects that are erased.

    A value of an erased subject reads as erased. Where the keys do not have the subject at all it
    reads as `without_key` (an auditor's `[sealed]`). Raises SealBrokenError, and KeyMissingError
    where `without_key` is not given.
    """
    bound = f"{event_id}/"
    erased: set[Subject] = set()
    for holder, name, path, subject, once_erased in slots:
        if subject not in keys:
            if without_key is None:
                raise KeyMissingError(f"the keyring has no key of {subject}")
            holder[name] = without_key if once_erased == ERASED else once_erased
            continue
        key = keys[subject]
        if key is None:
            erased.add(subject)
            holder[name] = once_erased
            continue
        cipher = a2b_base64(holder[name]["sealed"].encode().translate(STANDARD))
        try:
            plain = key.decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:],
                                (bound + path).encode())  # fmt: skip
        except InvalidTag as error:
            raise SealBrokenError(f"{path} of event {event_id} cannot be opened") from error
        holder[name] = orjson.loads(plain)
    return frozenset(erased)
