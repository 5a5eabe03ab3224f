"""The first code of a log-in, mailed as soon as a code is what comes next."""

from epep_runtime.postgres import Connection
from epep_runtime.service import Running
from identity_service.accounts.account import Account
from identity_service.causes import by_person
from identity_service.logins import records
from identity_service.logins.login import Login, first_code
from identity_service.logins.sending_codes import keep_link, key_for_codes, make_code, requested
from identity_service.logins.steps import Step
from identity_service.parts import Identity


async def send_if_due(
    running: Running,
    identity: Identity,
    connection: Connection,
    account: Account,
    login: Login,
    step: Step,
) -> tuple[Login, bool]:
    """Have a code mailed where that is the next step and none was yet.

    Returns the log-in, which the caller keeps, and whether a code is on its way. The caller holds
    the log-in's stream. Raises ProblemError 503 while there is no key to seal to.
    """
    if step.next != "code":
        return login, False
    if login.code_mac:
        return login, True
    now = running.store.clock()
    code = make_code(identity.at_rest, login.login_id, await key_for_codes(connection))
    event = requested(account, code, now)
    cause = by_person(login.account_id)
    await records.say(running.store, connection, login.login_id, [event], cause)
    await keep_link(connection, code, now)
    return first_code(login, code.mac, now), True
