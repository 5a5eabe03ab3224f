"""The form that one PEP has: its profile's sections, pages and fields for its variant and year."""

from collections.abc import Iterator

from epep_events.profile import AuthorityProfile, FormField, Page, Section, Variant
from epep_runtime.problems import NotFoundError


def _fields(page: Page, variant: Variant) -> tuple[FormField, ...]:
    return tuple(field for field in page.fields if variant in field.variants)


def _for_year(page: Page, year_group: int) -> bool:
    after = page.from_year is None or page.from_year <= year_group
    return after and (page.to_year is None or year_group <= page.to_year)


def _pages(section: Section, variant: Variant, year_group: int) -> tuple[Page, ...]:
    return tuple(
        page.model_copy(update={"fields": _fields(page, variant)})
        for page in section.pages
        if variant in page.variants and _for_year(page, year_group)
    )


def sections_for(profile: AuthorityProfile, variant: Variant) -> tuple[Section, ...]:
    """Return the sections that a PEP of this variant has, with the pages of every year."""
    return tuple(section for section in profile.sections if variant in section.variants)


def sections_of(
    profile: AuthorityProfile, variant: Variant, year_group: int
) -> tuple[Section, ...]:
    """Return the sections of a PEP of this variant and year, with only its own pages and fields."""
    return tuple(
        section.model_copy(update={"pages": _pages(section, variant, year_group)})
        for section in sections_for(profile, variant)
    )


def pages_of(sections: tuple[Section, ...]) -> Iterator[tuple[Section, Page]]:
    """Yield every page with its section, in the order of the form."""
    for section in sections:
        for page in section.pages:
            yield section, page


def find_page(sections: tuple[Section, ...], key: str) -> tuple[Section, Page]:
    """Return a page and its section. Raises NotFoundError where the form has no such page."""
    for section, page in pages_of(sections):
        if page.key == key:
            return section, page
    raise NotFoundError


def find_section(sections: tuple[Section, ...], key: str) -> Section:
    """Return a section. Raises NotFoundError where the form has no such section."""
    for section in sections:
        if section.key == key:
            return section
    raise NotFoundError


def page_of_kind(sections: tuple[Section, ...], kind: str) -> tuple[Section, Page] | None:
    """Return the first page of a kind (targets, meeting, sign_off, qa) with its section."""
    return next(((s, page) for s, page in pages_of(sections) if page.kind == kind), None)


def completable(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Return the sections that somebody marks complete (D06); QA and the like are not."""
    return tuple(section for section in sections if section.completed_by)
