"""The adults and the settings of the demo."""

from dataclasses import dataclass
from functools import cache

from epep_demo.banks import bank

PASSWORD = "three-kind-herons"  # noqa: S105 - the demo's one password, printed for everybody
AUTHORITIES = ("330", "998")


@dataclass(frozen=True)
class Setting:
    """A made-up school, nursery or college. `phase` is nursery, primary, secondary, special or
    post_16; `authority` is the one in whose area it stands."""

    urn: str
    name: str
    phase: str
    authority: str


@dataclass(frozen=True)
class Person:
    """An adult with an account. `grants` are `authority:role[:urn]`, as identity takes them."""

    name: str
    email: str
    role: str
    authority: str
    job: str
    setting: str | None
    grants: tuple[str, ...]


@cache
def settings_of(authority: str) -> tuple[Setting, ...]:
    """Return the settings in an authority's area."""
    return tuple(
        Setting(each["urn"], each["name"], each["phase"], authority)
        for each in bank("authorities")[authority]["settings"]
    )


@cache
def people_of(authority: str) -> tuple[Person, ...]:
    """Return the people whose first role is in this authority."""
    domain = bank("authorities")[authority]["name"].lower()
    found = []
    for each in bank("authorities")[authority]["people"]:
        urn = each.get("setting")
        tail = f":{urn}" if urn else ""
        grants = tuple(
            f"{code}:{each['role']}{tail}" for code in (authority, *each.get("also", ()))
        )
        email = each.get("email") or f"{each['name'].lower().replace(' ', '.')}@{domain}.example"
        found.append(Person(each["name"], email, each["role"], authority, each["job"], urn, grants))
    return tuple(found)


def everybody() -> tuple[Person, ...]:
    """Return every person of the demo."""
    return tuple(person for authority in AUTHORITIES for person in people_of(authority))


def with_role(authority: str, role: str) -> tuple[Person, ...]:
    """Return the people of one authority who have this role there."""
    return tuple(person for person in people_of(authority) if person.role == role)


@cache
def teacher_at(urn: str) -> Person:
    """Return the designated teacher of a setting."""
    return next(person for person in everybody() if person.setting == urn)


@cache
def setting(urn: str) -> Setting:
    """Return a setting by its number."""
    return next(s for authority in AUTHORITIES for s in settings_of(authority) if s.urn == urn)
