"""Log-in codes: mailed once, while they are good for something, and then forgotten."""

import pytest
from notification_stories import body, in_an_hour, sealed, settled

from epep_events.identity import LoginCodeRequested
from epep_events.notification import NotificationFailed, NotificationSent
from epep_local.mailbox import Mailbox
from epep_runtime.ids import new_id
from epep_runtime.testing import ServiceUnderTest, eventually

pytestmark = pytest.mark.servers


async def test_a_code_is_mailed_once_and_nothing_of_it_stays(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    address = f"{new_id().hex[-12:]}@people.example"
    event = LoginCodeRequested(
        login_id=new_id(),
        account_id=new_id(),
        name="Sam Social",
        email=address,
        sealed_code=await sealed(service, "048151"),
        expires_at=in_an_hour(),
    )
    meta = await service.others.say("identity", f"login-{event.login_id}", event)
    mail = await mailbox.wait_for_async(address)
    assert "048151" in body(mail)
    assert mail["Subject"] == "Your ePEP security code"
    (sent,) = await eventually(lambda: settled(service, NotificationSent, address))
    assert isinstance(sent, NotificationSent)
    assert sent.message_id == mail["Message-ID"] == f"<{sent.notification_id}@epep.example>"

    await service.others.send_again(event, meta, 1)  # as a relay does after a crash
    second = event.model_copy(update={"login_id": new_id(), "name": "Sam Again"})
    await service.others.say("identity", f"login-{event.login_id}", second)
    await mailbox.wait_for_async(address, lambda m: "Sam Again" in str(m["To"]))
    assert len(await mailbox.messages_to_async(address)) == 2

    async def both_settled() -> bool:
        return len(await settled(service, NotificationSent, address)) == 2

    await eventually(both_settled)  # the mail is there before it is noted that it was sent
    left = await service.process.pool.fetchval(
        "SELECT count(*) FROM outbox WHERE facts IS NOT NULL AND email = $1", address
    )
    assert left == 0
    assert all("048151" not in each.data.model_dump_json() for each in await service.said())

    async def shown() -> bool:
        metrics = (await service.client.get("/metrics")).text
        assert 'epep_mails_ended{outcome="sent"} 2.0' in metrics
        return "epep_mails_due 0.0" in metrics

    await eventually(shown)


async def test_a_code_that_ran_out_is_not_mailed(
    service: ServiceUnderTest, mailbox: Mailbox
) -> None:
    address = f"{new_id().hex[-12:]}@people.example"
    event = LoginCodeRequested(
        login_id=new_id(),
        account_id=new_id(),
        name="Sam Social",
        email=address,
        sealed_code=await sealed(service, "048151"),
        expires_at=service.process.store.clock(),
    )
    await service.others.say("identity", f"login-{event.login_id}", event)
    (failed,) = await eventually(lambda: settled(service, NotificationFailed, address))
    assert isinstance(failed, NotificationFailed)
    assert failed.why == "The code ran out before the mail could be sent."
    assert await mailbox.messages_to_async(address) == []
