"""What the mails of registering, recovering and locks say, and where their links lead."""

from typing import Any, get_args
from urllib.parse import urlsplit

import pytest

from epep_events.notification import Kind
from notification_service.mails.letters import letter_of
from notification_service.mails.subjects import SUBJECTS
from notification_service.notifications.facts import Facts


def facts(kind: Kind, **more: Any) -> Facts:
    known = {
        "kind": kind,
        "said_at": "2026-11-20T09:15:00Z",
        "name": "Bea Brown",
        "has_account": True,
        "who": "Bea Brown",
        "detail": "registration",
        "role_label": "carer",
        "why": "Nobody knows you.",
        "expires_at": "2026-11-20T10:15:00Z",
    }
    return Facts.model_validate(known | more)


def test_every_kind_of_mail_has_a_subject_on_one_line() -> None:
    assert set(SUBJECTS) == set(get_args(Kind))
    assert all(len(f"Subject: {each}") <= 78 for each in SUBJECTS.values())


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("registration_link", "/register/confirm/"),
        ("password_reset", "/forgotten-password/"),
        ("email_change_new", "/account/email/confirm/"),
        ("email_change_old", "/account/email/confirm/"),
    ],
)
def test_a_mailed_link_leads_to_the_portal_whatever_was_asked_by_whom(
    kind: Kind, path: str
) -> None:
    """Host poisoning: the address is the service's setting, nothing that a request could say."""
    letter = letter_of(facts(kind), "https://epep.example", "the-token", None)
    address = urlsplit(letter.links[0][1])
    assert f"{address.scheme}://{address.netloc}" == "https://epep.example"
    assert address.path == f"{path}the-token"
    assert not address.query


def test_the_link_this_is_not_me_comes_with_the_code_and_with_a_change_of_address() -> None:
    kinds: tuple[Kind, ...] = ("login_code", "email_change_old")
    for kind in kinds:
        letter = letter_of(facts(kind), "https://epep.example", "123456", "not-me-token")
        assert letter.links[-1] == ("This is not me", "https://epep.example/not-me/not-me-token")
    without = letter_of(facts("login_code"), "https://epep.example", "123456")
    assert without.links == ()


def test_no_mail_of_an_account_says_more_than_it_must() -> None:
    kinds: tuple[Kind, ...] = ("security_notice", "email_changed", "registration_known")
    for kind in kinds:
        letter = letter_of(facts(kind), "https://epep.example", None)
        assert "@" not in " ".join((*letter.lines, *letter.notes))


def test_the_mail_about_who_waits_leads_to_the_queue_of_its_authority() -> None:
    """Whoever works for two virtual schools would land on the other's."""
    known = {"name": "Testshire", "virtual_school": "T", "contact_email": "t", "contact_phone": "0"}
    queue = "https://epep.example/administration/requests"
    for code, address in (("998", f"{queue}?authority=998"), (None, queue)):
        told = facts("registration_waiting", authority=known | {"code": code})
        letter = letter_of(told, "https://epep.example", None)
        assert letter.links == (("Answer the request", address),)
