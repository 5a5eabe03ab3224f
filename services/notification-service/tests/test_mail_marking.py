"""Every text of mails and messages is marked for translation, and the catalogues have it.

What is found here would stay English for a Welsh reader. How to mark a text:
services/notification-service/README.md, "Languages".
"""

import re
from pathlib import Path

import pytest

from epep_runtime.marking import Found, unmarked_expressions, unmarked_html, unmarked_python
from epep_runtime.translating import mistakes
from notification_service.mails.language import shipped
from notification_service.mails.rendering import MailWriter
from notification_service.settings import NotificationSettings
from notification_service.translating import TEXTS

TEMPLATES = sorted(TEXTS.folder.glob("*/templates/mail.*"))
WORDED = ("mails/*.py", "reactions/*.py")
MODULES = sorted(each for pattern in WORDED for each in TEXTS.folder.glob(pattern))
MODULES += [TEXTS.folder / "read_models/messages.py"]
SAME_EVERYWHERE = {"To", "From", "Subject", "Date"}
ANSWERS = {
    "This is not an address that mail can be sent to.",
    "My messages",
    "Only those that I have not read",
    "How many messages I have not read",
}
"""What a service answers (why something failed) and its OpenAPI document are no texts of mails."""


def without_example(source: str) -> str:
    """Return a module without the example of its OpenAPI document, at the same lines."""
    kept, skipping = [], False
    for line in source.splitlines():
        skipping = skipping or line.startswith("EXAMPLE:")
        kept.append("" if skipping else line)
        skipping = skipping and line != "}"
    return "\n".join(kept)


def place(path: Path, found: Found) -> str:
    return f"{path.relative_to(TEXTS.folder)}:{found[0]}: {found[1][:70]!r}"


def unmarked(path: Path) -> list[Found]:
    found = unmarked_python(without_example(path.read_text()))
    return [each for each in found if each[1] not in SAME_EVERYWHERE | ANSWERS]


def test_no_template_of_a_mail_has_a_text_that_is_not_marked(
    settings: NotificationSettings,
) -> None:
    env, wrong = MailWriter.for_settings(settings).templates, []
    assert len(TEMPLATES) == 2
    for path in TEMPLATES:
        source = path.read_text()
        found = [*unmarked_html(source), *unmarked_expressions(env, source)]
        wrong += [place(path, each) for each in sorted(found)]
    assert not wrong, "mark for translation: " + "; ".join(wrong)


def test_no_module_that_words_mails_has_a_text_that_is_not_marked() -> None:
    wrong = [place(path, each) for path in MODULES for each in unmarked(path)]
    assert not wrong, "mark for translation: " + "; ".join(wrong)


@pytest.mark.parametrize("path", sorted((TEXTS.folder / "mails").glob("*letters.py")))
def test_a_mark_that_is_forgotten_is_found(path: Path) -> None:
    source = re.sub(r"\bN?_\(", "said(", path.read_text())
    assert len(list(unmarked_python(source))) > 20


def test_the_catalogues_are_current_and_keep_their_places_for_values() -> None:
    assert not TEXTS.outdated(), "run `make messages` and commit what it writes"
    assert list(shipped()) == ["en", "cy"]
    for code in list(shipped())[1:]:
        assert not mistakes(TEXTS.translated(code))
