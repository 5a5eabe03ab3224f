"""The mails of registering, recovering and locks: from identity's event to the mailbox."""

from typing import Any

import pytest
import pytest_asyncio
from notification_stories import Family

from epep_events.base import Event
from epep_events.getting_in import (
    EmailChangeRequested,
    FactorAdded,
    LoginStopped,
    PasswordResetRequested,
    RegistrationRefused,
    RegistrationRepeated,
    RegistrationStarted,
    RegistrationValidated,
)
from epep_events.identity import LoginCodeRequested
from epep_events.notification import SealingKeyPublished
from epep_events.samples import sample
from epep_local.mailbox import Mailbox
from epep_runtime.ids import new_id
from epep_runtime.sealing import seal
from epep_runtime.testing import ServiceUnderTest, eventually

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def family(service: ServiceUnderTest) -> Family:
    found = Family(service, "803")
    await found.settle_in()
    return found


async def arrived(mailbox: Mailbox, to: str, words: str) -> None:
    """Wait until a mail with these words has come to that address."""

    async def look() -> bool:
        for mail in await mailbox.messages_to_async(to):
            part = mail.get_body(("plain",))
            if part is not None and words in " ".join(str(part.get_content()).split()):
                return True
        return False

    assert await eventually(look), words


def told(event: type[Event], **changes: Any) -> Event:
    return sample(event).model_copy(update=changes)


async def test_each_step_is_mailed_to_whom_it_concerns(
    service: ServiceUnderTest, mailbox: Mailbox, family: Family
) -> None:
    """From events on the topic to mails in the box, links opened only on the way."""
    say, code = service.others.say, family.authority
    (published,) = await service.said(SealingKeyPublished)
    assert isinstance(published.data, SealingKeyPublished)
    key = published.data.jwk
    account_id, owner = await family.person("Bea Brown")
    fresh = f"{new_id().hex[-12:]}@people.example"

    later = "2099-01-01T00:00:00Z"
    started = told(
        RegistrationStarted,
        email=fresh,
        authority_code=code,
        sealed_token=seal("link-1", key),
    )
    steps: list[tuple[Event, str, str]] = [
        (started, fresh, "/register/confirm/link-1"),
        (
            told(RegistrationRepeated, account_id=account_id, wanted_for="registration"),
            owner,
            "has an account",
        ),
        (
            told(RegistrationValidated, account_id=account_id, authority_code=code),
            f"school-{code}@testshire.example",
            f"https://epep.example/administration/requests?authority={code}",
        ),
        (
            told(RegistrationRefused, account_id=account_id, authority_code=code, why="Unknown."),
            owner,
            "Reason: Unknown.",
        ),
        (
            told(
                PasswordResetRequested,
                account_id=account_id,
                email=owner,
                sealed_token=seal("link-2", key),
            ),
            owner,
            "/forgotten-password/link-2",
        ),
        (told(FactorAdded, account_id=account_id), owner, "was added to your account"),
        (
            told(LoginStopped, account_id=account_id, had_entered=True),
            owner,
            "they did not do this",
        ),
        (
            told(
                LoginCodeRequested,
                account_id=account_id,
                email=owner,
                sealed_code=seal("048213", key),
                sealed_not_me=seal("link-3", key),
            ),
            owner,
            "/not-me/link-3",
        ),
        (
            told(
                EmailChangeRequested,
                account_id=account_id,
                old_email=owner,
                new_email=fresh,
                sealed_new=seal("link-4", key),
                sealed_old=seal("link-5", key),
                sealed_not_me=seal("link-6", key),
            ),
            owner,
            "/not-me/link-6",
        ),
    ]
    for number, (event, to, words) in enumerate(steps):
        known = event.model_dump(mode="json")
        changes = {"expires_at": later} if "expires_at" in known else {}
        current = type(event).model_validate(known | changes)
        await say("identity", f"step-{new_id()}-{number}", current, authority=code)
        await arrived(mailbox, to, words)
    await arrived(mailbox, fresh, "/account/email/confirm/link-4")
