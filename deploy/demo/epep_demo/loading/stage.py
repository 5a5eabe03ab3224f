"""One PEP being made: who is there, which child it is about, and where to look things up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from epep_demo.cast import with_role
from epep_demo.loading.authority import is_coordinated, worker_of
from epep_demo.loading.problem import LoadError
from epep_demo.loading.session import Session
from epep_demo.portraits import Portrait, carer_account
from epep_demo.scenes import Scene
from epep_events.profile import AuthorityProfile, FormField, Page, Variant


@dataclass
class Production:
    """All that is known about one PEP while it is made; `sessions` are by e-mail address."""

    scene: Scene
    portrait: Portrait
    profile: AuthorityProfile
    sessions: Mapping[str, Session]
    child_id: str
    today: date
    pep_id: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Return what the child's choices follow from."""
        return (self.scene.child.authority, self.scene.child.number)

    @property
    def social_worker(self) -> Session:
        """Return the child's social worker."""
        return self.sessions[self.scene.child.social_worker_email]

    @property
    def teacher(self) -> Session | None:
        """Return the designated teacher, if the child has a setting."""
        email = self.scene.child.designated_teacher_email
        return self.sessions[email] if email else None

    @property
    def virtual_school(self) -> Session:
        """Return the virtual school's worker for this child."""
        return self.sessions[worker_of(self.scene.child).email]

    @property
    def carer(self) -> Session | None:
        """Return the carer, if they have an account."""
        email = carer_account(self.scene.child)
        return self.sessions[email] if email else None

    @property
    def coordinator(self) -> Session | None:
        """Return the PEP coordinator, if one works with this child."""
        if not is_coordinated(self.scene.child):
            return None
        return self.sessions[with_role(self.scene.child.authority, "coordinator")[0].email]

    def having(self, role: str) -> Session | None:
        """Return who has this role for the child."""
        return {
            "social_worker": self.social_worker,
            "designated_teacher": self.teacher,
            "virtual_school": self.virtual_school,
            "coordinator": self.coordinator,
            "carer": self.carer,
        }.get(role)

    def one_of(self, roles: tuple[str, ...]) -> Session:
        """Return the first person who has one of the roles. Raises LoadError if nobody has."""
        for role in roles:
            found = self.having(role)
            if found:
                return found
        name = self.portrait.slots["name"]
        raise LoadError(f"Nobody of {', '.join(roles)} works with {name}.")

    def pages(self, document: Mapping[str, Any]) -> list[tuple[Page, tuple[FormField, ...]]]:
        """Return the form's pages that this PEP has, each with the questions of its variant."""
        variant: Variant = document["variant"]
        shown = {page["key"] for section in document["sections"] for page in section["pages"]}
        return [
            (page, tuple(field for field in page.fields if variant in field.variants))
            for section in self.profile.sections
            for page in section.pages
            if page.key in shown and page.kind == "form"
        ]
