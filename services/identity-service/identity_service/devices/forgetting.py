"""Stop remembering devices: one, or all of a person's when their password is a new one."""

from datetime import datetime
from uuid import UUID

from epep_events.base import Event
from epep_events.getting_in import DeviceForgotten
from epep_runtime.postgres import Connection
from identity_service.devices import records


async def forget_all(connection: Connection, account_id: UUID, now: datetime) -> list[Event]:
    """Forget the account's devices; return what is to be said of it on the account's stream.

    The caller holds the account's stream.
    """
    known = await records.of_account(connection, account_id, now)
    await records.forget(connection, [each.device_id for each in known])
    return [DeviceForgotten(account_id=account_id, device_id=each.device_id) for each in known]
