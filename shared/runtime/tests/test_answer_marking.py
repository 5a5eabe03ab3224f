"""Every sentence of a refusal is marked for translation, in all services and what they share."""

import re
from pathlib import Path

import pytest

from epep_runtime.answer_texts import SHARED, TEXTS, packages
from epep_runtime.answers import shipped
from epep_runtime.marking import unmarked_python
from epep_runtime.marking_answers import unmarked_answers
from epep_runtime.translating import mistakes

SERVICES = SHARED.parent / "services"
FOR_OPERATORS = {
    "settings.py",
    "secrets_at_rest.py",
    "keyring.py",
    "rendering.py",
    "outbox/postman.py",
    "accounts/account.py",
    "history/command.py",
    "history/moments.py",
    "permissions.py",
    "subscriptions.py",
    "epep_runtime/tokens.py",
    "proof/auditor_keys.py",
    "services.py",
}
"""Their ValueErrors, and those of the postman, are for whoever runs it or nobody."""
CANNOT_BE = {
    "'a PEP begins with PEPInitiated'",
    "f'{event.type_name()} before the meeting was scheduled'",
    "'a notification that was never asked for has no outcome'",
    "'every kind of notification must be named once'",
    "f'a mail of kind {facts.kind} needs a meeting'",
}
"""What only a defect says."""
HANDED_ON = {"e.message", "str(error)"}
"""What was looked up where it was said first."""
REPORTS = ("pep_service/importing", "pep_service/access/allocating.py")
"""Reports on files: their sentences reach a problem through functions of these modules."""


def modules() -> list[Path]:
    folders = [*packages(), SERVICES / "notification-service" / "notification_service"]
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def unmarked(path: Path) -> list[str]:
    found = [each for each in unmarked_answers(path.read_text()) if each[1] not in HANDED_ON]
    return [f"{path.name}:{line}: {said}" for line, said in found if said not in CANNOT_BE]


def is_of(path: Path, names: set[str]) -> bool:
    return any(path.as_posix().endswith(f"/{name}") for name in names)


def test_no_refusal_has_a_sentence_that_is_not_marked() -> None:
    looked_at = [path for path in modules() if not is_of(path, FOR_OPERATORS)]
    assert len(looked_at) > 300
    wrong = [each for path in looked_at for each in unmarked(path)]
    assert not wrong, "mark for translation: " + "; ".join(wrong)


def test_no_report_on_a_file_has_a_sentence_that_is_not_marked() -> None:
    looked_at = [path for path in modules() if any(each in path.as_posix() for each in REPORTS)]
    assert len(looked_at) > 10
    for path in looked_at:
        found = [text for _line, text in unmarked_python(path.read_text()) if text[-1] == "."]
        assert not found, f"mark for translation in {path.name}: {found}"


def test_a_mark_that_is_forgotten_is_found() -> None:
    path = SERVICES / "identity-service/identity_service/registrations/wanting.py"
    source = path.read_text()
    assert not list(unmarked_answers(source))
    assert len(list(unmarked_answers(re.sub(r"\b_\(", "said(", source)))) == 5


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('raise RefusedError(_("No."), "no")', []),
        ('raise RefusedError("No.", "no")', ["'No.'"]),
        ('raise InvalidError([FieldError("a", f"Not {b}.")])', ["f'Not {b}.'"]),
        ('def f():\n    m = _("No.")\n    raise RefusedError(m, "no")', []),
        ('def f():\n    m = "No."\n    raise RefusedError(m, "no")', ["m"]),
        ('NO = N_("No.")\nraise RefusedError(_(NO), "no")', []),
        ('NO = "No."\nraise RefusedError(_(NO), "no")', ["_(NO)"]),
        ('NO = {"a": "No."}\nraise RefusedError(_(NO[a]), "no")', ["_(NO[a])"]),
        ('raise ValueError(_("must") if a else "may")', ["_('must') if a else 'may'"]),
    ],
)
def test_what_counts_as_marked(code: str, found: list[str]) -> None:
    assert [said for _line, said in unmarked_answers(code)] == found


def test_the_catalogue_is_current_and_keeps_its_places_for_values() -> None:
    assert not TEXTS.outdated(), "run `make messages` and commit what it writes"
    assert list(shipped()) == ["en", "cy"]
    assert not mistakes(TEXTS.translated("cy"))
