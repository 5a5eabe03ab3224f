"""An authority's way of working, as data (`domain.md` 1.3: every difference is a setting here).

The profile is a versioned document that pep-service publishes and binds to a PEP when the PEP is
initiated, so that a later change of the authority's mind never rewrites an open plan.
"""

from datetime import date
from typing import Literal

from pydantic import Field

from epep_events.base import Value

Role = Literal[
    "social_worker",
    "designated_teacher",
    "designated_person",
    "delegate",
    "virtual_school",
    "virtual_school_head",
    "education_advisor",
    "education_officer",
    "placement_officer",
    "coordinator",
    "iro",
    "carer",
    "parent",
    "young_person",
    "auditor",
    "operator",
    "system",
]
"""The base roles (domain 1.4); each authority's own titles for them are its profile's labels."""
Variant = Literal["early_years", "school_age", "post_16"]
FieldType = Literal[
    "line", "text", "choice", "choices", "date", "integer", "decimal", "yes_no", "yes_no_detail"
]


class Choice(Value):
    """One answer of a closed question."""

    value: str
    label: str


class FormField(Value):
    """One question on a page.

    `yes_no_detail` is a yes/no with a text that is asked for when the answer is `detail_when`;
    its value is `{"answer": "yes"|"no", "detail": str|None}`. `choices` holds a list of values.
    Dates are ISO strings; decimals are strings with up to `decimals` places.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    type: FieldType
    hint: str | None = None
    mandatory: bool = False
    choices: tuple[Choice, ...] = ()
    max_length: int = 4000
    minimum: float | None = None
    maximum: float | None = None
    decimals: int = 1
    past: bool = False
    detail_when: Literal["yes", "no"] = "yes"
    detail_label: str | None = None
    variants: tuple[Variant, ...] = ("early_years", "school_age", "post_16")


class Page(Value):
    """One page of the PEP. `kind` says what it shows; only `form` pages have `fields`.

    `write` are the roles that may save it; everybody else with access reads it, but for families
    and guests where it is `professional_only`. `from_year` and
    `to_year` are national curriculum years, both included, where a page is for some ages only
    (S67: the questions for key stages 1 and 2, or 3 and 4, by age).
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    kind: Literal["form", "targets", "meeting", "sign_off", "qa"] = "form"
    intro: str | None = None
    write: tuple[Role, ...]
    professional_only: bool = False
    fields: tuple[FormField, ...] = ()
    variants: tuple[Variant, ...] = ("early_years", "school_age", "post_16")
    from_year: int | None = None
    to_year: int | None = None


class Section(Value):
    """A part of the PEP with its own letter and its own people (D01, D06).

    `completed_by` are the roles that may press Mark Complete; empty means that the section takes
    no completion (QA, final sign-off). `party` is the indicator's label (S36).
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    letter: str | None
    title: str
    party: str | None = None
    completed_by: tuple[Role, ...] = ()
    needs_meeting: bool = False
    pages: tuple[Page, ...]
    variants: tuple[Variant, ...] = ("early_years", "school_age", "post_16")


class Period(Value):
    """A number of days: calendar days, or working days without bank holidays (D10, D11)."""

    n: int
    unit: Literal["working_days", "calendar_days"]


class Deadlines(Value):
    """When a PEP must be initiated, first reviewed, and completed after its meeting (D10-D12)."""

    initiate: Period
    first_review: Period
    complete_after_meeting: Period | None = None


class SignOff(Value):
    """Who signs the PEP off finally and what must be true first (D05, D21, B87, S75)."""

    final_role: Role
    gates: tuple[Literal["sections_complete", "meeting_confirmed", "next_meeting_set"], ...]
    submits: tuple[Role, ...] = ()


class RatingLevel(Value):
    """One step of the quality scale, with its meaning in words and whether it sends a PEP back."""

    key: str
    label: str
    colour: Literal["green", "blue", "yellow", "orange", "red"]
    returns: bool = False


class QAArea(Value):
    """One thing that the virtual school scores, with a descriptor for each level (S96)."""

    key: str
    label: str
    descriptors: dict[str, str] = Field(default_factory=dict)


class QualityAssurance(Value):
    """How and when quality is judged (D08, D09).

    `before_sign_off` reviews every submitted PEP and gates it; `after_sign_off` audits a sample:
    every `sample_every`-th PEP signed off, and every PEP whose kind is in `sample_kinds`.
    """

    mode: Literal["before_sign_off", "after_sign_off"]
    scale: tuple[RatingLevel, ...]
    areas: tuple[QAArea, ...]
    sample_every: int = 0
    sample_kinds: tuple[str, ...] = ()


class Permissions(Value):
    """Who may start things (D16, D17), and what differs from the common table of permissions.

    `overrides` gives, by a permission's name (`epep_access/permissions.yaml`), all the roles that
    have it in this authority.
    """

    create_pep: tuple[Role, ...]
    create_child: tuple[Role, ...] = ("virtual_school",)
    overrides: dict[str, tuple[Role, ...]] = Field(default_factory=dict)


class Declaration(Value):
    """Something that a person who logs in declares by ticking it, by itself (B08-B12)."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    text: str


class SignIn(Value):
    """What the authority asks of people who log in (D27).

    A new `declarations_version` has everybody asked again. `remembered_device_days` is how long a
    device need not give a second factor; 0 where the authority does not allow that.
    """

    declarations_version: int = Field(default=0, ge=0)
    declarations: tuple[Declaration, ...] = ()
    remembered_device_days: int = Field(default=0, ge=0, le=90)


class AuthorityProfile(Value):
    """One version of one authority's way of working.

    `labels` are the authority's own words (D30), by the keys `child`, `child_short`,
    `social_worker`, `designated_teacher`, `virtual_school`, `virtual_school_short`, `coordinator`,
    `carer`, `iro`, `pep`, `meeting`, `young_person`. `language` is the one that its texts are in
    (ISO 639, "en" or "cy"): mails that carry them are written in it, too. `digest_at` is when its
    people get the one mail a day that some want (England's wall clock, "07:30"); None leaves it to
    the installation.
    """

    code: str = Field(pattern=r"^\d{3}$")
    name: str
    version: int = Field(ge=1)
    effective_from: date
    virtual_school_name: str
    contact_email: str
    contact_phone: str
    labels: dict[str, str]
    variants_by_year: dict[str, Variant]
    kinds: tuple[Choice, ...]
    meeting_reasons: tuple[Choice, ...]
    meeting_checklist: tuple[Choice, ...]
    chair_hint: str
    sections: tuple[Section, ...]
    mandatory_on_save: Literal["prompt", "block"]
    deadlines: Deadlines
    sign_off: SignOff
    qa: QualityAssurance
    permissions: Permissions
    sign_in: SignIn = SignIn()
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}$")
    digest_at: str | None = Field(default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
