"""A log-in code is on its way (B13): mail it."""

from epep_events.envelope import Metadata
from epep_events.identity import LoginCodeRequested
from epep_runtime.subscriptions import Reaction
from notification_service.notifications.facts import Facts
from notification_service.notifications.requesting import Notice, Recipient, tell


async def mail_login_code(reaction: Reaction, event: LoginCodeRequested, meta: Metadata) -> None:
    """Mail the code, which stays sealed until the mail is written."""
    facts = Facts(
        kind="login_code",
        said_at=meta.occurred_at,
        name=event.name,
        has_account=True,
        sealed=event.sealed_code,
        sealed_not_me=event.sealed_not_me,
        expires_at=event.expires_at,
    )
    await tell(reaction, [Notice(Recipient(event.name, event.email, event.account_id), facts)])
