"""What a target can be about (domain 4.5)."""

from epep_events.profile import Choice
from epep_runtime.language import N_, _

AREAS: tuple[Choice, ...] = tuple(
    Choice(value=value, label=label)
    for value, label in (
        ("reading", N_("Reading and English")),
        ("writing", N_("Writing")),
        ("mathematics", N_("Mathematics")),
        ("other_subject", N_("Another subject")),
        ("attendance", N_("Attendance and punctuality")),
        ("wellbeing", N_("Social, emotional and mental health")),
        ("speech_language", N_("Speech and language")),
        ("independence", N_("Independence")),
        ("aspiration", N_("Aspirations and careers")),
        ("enrichment", N_("Activities and enrichment")),
        ("transition", N_("Moving on to a new school or phase")),
    )
)


def area_label(value: str) -> str:
    """Return what people call an area; one that is not known is shown as it is."""
    return next((_(area.label) for area in AREAS if area.value == value), value)
