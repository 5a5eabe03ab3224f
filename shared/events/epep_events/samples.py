"""Made-up but believable events, built from their models' own fields: the golden files' source."""

from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid5

from pydantic import BaseModel, JsonValue, TypeAdapter

from epep_events.base import Event
from epep_events.profile import AuthorityProfile

NAMESPACE = UUID("0f0a2a1e-3f52-5d7c-9d2f-7d3a1f0c9b11")
MOMENT = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
BY_NAME: dict[str, Any] = {
    "child_initials": "A.H.",
    "first_name": "Amira",
    "last_name": "Hussain",
    "preferred_name": "Amy",
    "name": "Jo Bennett",
    "email": "jo.bennett@council.example",
    "contact_name": "Jo Bennett",
    "contact_phone": "0121 496 0100",
    "phone": "0121 496 0100",
    "social_care_id": "C000123",
    "upn": "H801200001001",
    "sex": "2",
    "ethnicity": "APKN",
    "authority_code": "330",
    "code": "330",
    "profile_code": "330",
    "urn": "900001",
    "setting_urn": "900001",
    "old_urn": "900001",
    "new_urn": "900002",
    "setting_name": "Larkfield Academy",
    "place": "Larkfield Academy, room 4",
    "provider": "PR1",
    "statement": "Read aloud to an adult three times a week until the end of term.",
    "success_measure": "Reading age up by three months.",
    "comment": "Clear targets; please add attendance.",
    "subject": "Invitation to a PEP meeting",
    "message_id": "<0190a@epep.example>",
    "sealed_token": "eyJhbGciOiJFQ0RILUVTIn0..made-up",
    "sealed_code": "eyJhbGciOiJFQ0RILUVTIn0..made-up",
    "sealed_not_me": "eyJhbGciOiJFQ0RILUVTIn0..made-up",
    "sealed_new": "eyJhbGciOiJFQ0RILUVTIn0..made-up",
    "sealed_old": "eyJhbGciOiJFQ0RILUVTIn0..made-up",
    "new_email": "jo.bennett@school.example",
    "old_email": "jo.bennett@council.example",
    "team": "Care planning team 2",
    "job_title": "Senior social worker",
    "device": "Firefox on Windows",
    "network": "203.0.113.*",
    "kid": "2026-11",
    "why": "As agreed with the family.",
    "section": "designated_teacher",
    "section_title": "Designated teacher",
    "page": "progress",
    "page_title": "Progress",
    "field": "strengths",
    "label": "Strengths",
    "recorder": "Jo Bennett",
    "key_stage": "KS3",
    "contact_email": "virtual.school@council.example",
}

LISTS: dict[str, tuple[str, ...]] = {"without_mail": ("submitted",)}


def sample(event: type[Event]) -> Event:
    """Return the one example of an event; the same on every run."""
    return event.model_validate(_fields(event))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {name: _value(name, info.annotation) for name, info in model.model_fields.items()}


def _value(name: str, annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is AuthorityProfile:
        return _profile()
    if annotation == JsonValue or annotation is Any:
        return "Reads well to adults she trusts."
    if origin is Literal:
        return arguments[0]
    if origin in {Union, UnionType}:
        return _value(name, next(each for each in arguments if each is not NoneType))
    if origin is tuple:
        return LISTS.get(name) or (_value(name, arguments[0]),)
    if origin is dict:
        return {"kty": "OKP", "crv": "Ed25519", "x": "made-up", "kid": "2026-11"}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _fields(annotation)
    if origin is not None and hasattr(annotation, "__metadata__"):
        return _value(name, arguments[0])
    return _simple(name, annotation)


def _simple(name: str, annotation: Any) -> Any:
    known: dict[Any, Any] = {
        UUID: uuid5(NAMESPACE, name),
        datetime: MOMENT,
        date: MOMENT.date(),
        int: 8 if name == "year_group" else 60 if "minutes" in name else 1,
        bool: True,
        str: BY_NAME.get(name, name.replace("_", " ").capitalize()),
    }
    return known[annotation] if annotation in known else TypeAdapter(annotation).validate_python(1)


def _profile() -> dict[str, Any]:
    level = {"key": "good", "label": "Good", "colour": "green", "returns": False}
    page = {"key": "progress", "title": "Progress", "write": ["designated_teacher"]}
    return {
        "code": "330",
        "name": "Example Council",
        "version": 1,
        "effective_from": MOMENT.date(),
        "virtual_school_name": "Virtual School",
        "contact_email": BY_NAME["contact_email"],
        "contact_phone": BY_NAME["contact_phone"],
        "labels": {"child": "child in care"},
        "variants_by_year": {"8": "school_age"},
        "kinds": [{"value": "termly", "label": "Termly review"}],
        "meeting_reasons": [{"value": "termly", "label": "Termly review"}],
        "meeting_checklist": [{"value": "voice", "label": "The child's voice"}],
        "chair_hint": "The designated teacher chairs.",
        "sections": [
            {
                "key": "designated_teacher",
                "letter": "C",
                "title": "Designated teacher",
                "party": "Designated teacher",
                "completed_by": ["designated_teacher"],
                "pages": [page],
            }
        ],
        "mandatory_on_save": "prompt",
        "deadlines": {
            "initiate": {"n": 10, "unit": "working_days"},
            "first_review": {"n": 20, "unit": "working_days"},
        },
        "sign_off": {"final_role": "designated_teacher", "gates": ["sections_complete"]},
        "qa": {
            "mode": "after_sign_off",
            "scale": [level],
            "areas": [{"key": "voice", "label": "Child's voice"}],
        },
        "permissions": {"create_pep": ["virtual_school"]},
        "sign_in": {
            "declarations_version": 1,
            "declarations": [
                {
                    "key": "authorised_user",
                    "title": "Authorised user",
                    "text": "I am an authorised user of this service.",
                }
            ],
            "remembered_device_days": 30,
        },
        "digest_at": "07:30",
    }
