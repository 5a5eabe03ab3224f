"""The frame around every page of a PEP: which sections and pages there are, and where."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from web_portal.web.formatting import initials
from web_portal.web.language import N_, _
from web_portal.web.visit import Visit

STATUSES = {"not_started": N_("Not started"), "in_progress": N_("In progress"), "done": N_("Done")}
KIND_TITLES = {
    "targets": N_("Targets"),
    "meeting": N_("Meeting"),
    "sign_off": N_("Sign-off"),
    "qa": N_("Quality assurance"),
}
"""What a page is called where the profile has none of its kind."""
PATHS = {"targets": "targets", "meeting": "meeting", "sign_off": "sign-off", "qa": "quality"}


@dataclass(frozen=True)
class Plan:
    """A PEP's document as the pep service answers it, with addresses for its pages."""

    pep: dict[str, Any]

    @property
    def path(self) -> str:
        """Return the address of the PEP's first page."""
        return f"/peps/{self.pep['pep_id']}"

    def page_path(self, page: dict[str, Any]) -> str:
        """Return the address of one page, by its kind.

        A plan may show the same thing on two pages (the setting's and the final sign-off, S86):
        the second is told apart by its key.
        """
        kind = PATHS.get(page["kind"])
        if kind is None:
            return f"{self.path}/pages/{page['key']}"
        first = self.of_kind(page["kind"])
        again = first is not None and first["key"] != page["key"]
        return f"{self.path}/{kind}?page={page['key']}" if again else f"{self.path}/{kind}"

    def asked_for(self, kind: str, key: str | None) -> str:
        """Return the page's key where an address asks for one of that kind, else the kind."""
        page = self.page(key) if key else None
        return str(page["key"]) if page and page["kind"] == kind else kind

    def status(self, page: dict[str, Any]) -> str:
        """Return the page's status in words."""
        return _(STATUSES[page["status"]]) if page["status"] in STATUSES else ""

    @property
    def pages(self) -> list[dict[str, Any]]:
        """Return every page in the document's order."""
        return [page for section in self.pep["sections"] for page in section["pages"]]

    def page(self, key: str) -> dict[str, Any] | None:
        """Return the page of that key."""
        return next((page for page in self.pages if page["key"] == key), None)

    def of_kind(self, kind: str) -> dict[str, Any] | None:
        """Return the page that shows this kind of thing, if this PEP has one."""
        return next((page for page in self.pages if page["kind"] == kind), None)

    def section_of(self, key: str) -> dict[str, Any] | None:
        """Return the section that a page is in."""
        for section in self.pep["sections"]:
            if any(page["key"] == key for page in section["pages"]):
                return dict(section)
        return None

    def after(self, key: str) -> str:
        """Return the address of the page that follows, or of the PEP's first page."""
        keys = [page["key"] for page in self.pages]
        rest = self.pages[keys.index(key) + 1 :] if key in keys else []
        return self.page_path(rest[0]) if rest else self.path

    def field_path(self, page_key: str, field: str) -> str:
        """Return the address of a question."""
        page = self.page(page_key)
        return f"{self.page_path(page)}#field-{field}" if page else self.path

    def frame(self, kind_or_key: str, title: str = "") -> dict[str, Any]:
        """Return what the plan's template needs; names stay out of the browser's title.

        Without a title it is the page's own, as the authority calls it.
        """
        page = self.page(kind_or_key) or self.of_kind(kind_or_key)
        title = title or (page["title"] if page else _(KIND_TITLES.get(kind_or_key, "PEP")))
        child = self.pep["child"]
        return {
            "plan": self,
            "pep": self.pep,
            "current": page["key"] if page else None,
            "current_section": self.section_of(page["key"]) if page else None,
            "section": "home",
            "heading": title,
            "title": _(
                "%(title)s – PEP of %(initials)s",
                title=title,
                initials=child.get("initials") or initials(child["name"]),
            ),
            "crumbs": [(_("Home"), "/"), (child["name"], f"/children/{child['child_id']}")],
        }


async def load(visit: Visit, pep_id: UUID) -> Plan:
    """Return the PEP's document. Raises NotFoundError where it is not the person's to see."""
    return Plan((await visit.call.get("pep", f"/peps/{pep_id}")).json)
