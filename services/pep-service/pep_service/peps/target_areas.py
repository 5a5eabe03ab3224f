"""What a target can be about (domain 4.5)."""

from epep_events.profile import Choice

AREAS: tuple[Choice, ...] = tuple(
    Choice(value=value, label=label)
    for value, label in (
        ("reading", "Reading and English"),
        ("writing", "Writing"),
        ("mathematics", "Mathematics"),
        ("other_subject", "Another subject"),
        ("attendance", "Attendance and punctuality"),
        ("wellbeing", "Social, emotional and mental health"),
        ("speech_language", "Speech and language"),
        ("independence", "Independence"),
        ("aspiration", "Aspirations and careers"),
        ("enrichment", "Activities and enrichment"),
        ("transition", "Moving on to a new school or phase"),
    )
)


def area_label(value: str) -> str:
    """Return what people call an area; one that is not known is shown as it is."""
    return next((area.label for area in AREAS if area.value == value), value)
