"""The base roles in plain words, where no authority's profile gives its own titles."""

from collections.abc import Mapping

from epep_events.profile import Role
from epep_runtime.language import N_

ROLE_WORDS: Mapping[Role, str] = {
    "social_worker": N_("social worker"),
    "designated_teacher": N_("designated teacher"),
    "designated_person": N_("designated person"),
    "delegate": N_("delegate"),
    "virtual_school": N_("virtual school"),
    "virtual_school_head": N_("virtual school head"),
    "education_advisor": N_("education advisor"),
    "education_officer": N_("education officer"),
    "placement_officer": N_("placement officer"),
    "coordinator": N_("PEP coordinator"),
    "iro": N_("independent reviewing officer"),
    "carer": N_("carer"),
    "parent": N_("parent"),
    "young_person": N_("young person"),
    "auditor": N_("auditor"),
    "operator": N_("operator"),
    "system": N_("system"),
}
