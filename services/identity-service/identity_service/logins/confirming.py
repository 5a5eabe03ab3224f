"""The second step of logging in: the code from the mail, or a device that is remembered."""

import hmac
import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field, SecretStr

from epep_runtime.language import _
from epep_runtime.text import Command, example
from identity_service.devices import records as devices
from identity_service.logins.answers import SECOND_STEP_RESPONSES
from identity_service.logins.entering import LoggedIn, Proof, Try, prove

router = APIRouter()


def six_digits(value: SecretStr) -> SecretStr:
    """Return the six digits; spaces and hyphens between them do not matter. Raises ValueError."""
    digits = re.sub(r"[ \u00a0-]", "", value.get_secret_value())
    if not re.fullmatch(r"[0-9]{6}", digits):
        raise ValueError(_("must be the 6 digits from the email"))
    return SecretStr(digits)


class ConfirmLogin(Command):
    """The code as it was mailed."""

    model_config = example(code="123456")

    code: Annotated[SecretStr, AfterValidator(six_digits)] = Field(
        max_length=20, examples=["048213"]
    )
    remember_device: bool = False


class ShowDevice(Command):
    """The token that this device was given at its last log-in."""

    model_config = example(device_token="from-the-last-log-in")  # noqa: S106

    device_token: SecretStr = Field(min_length=1, max_length=200)


@router.post(
    "/logins/{login_id}/code", responses=SECOND_STEP_RESPONSES, summary="Give the mailed code"
)
async def confirm(login_id: UUID, command: ConfirmLogin, request: Request) -> LoggedIn:
    """Check the code and begin a session: half an hour idle at most, twelve hours in all.

    PUBLIC. Wrong, expired, used and unknown get one same answer; the fifth wrong try burns the
    code. What is not six digits is answered with 422 and costs no try.
    """

    async def judge(held: Try) -> Proof | None:
        code = command.code.get_secret_value()
        mac = held.identity.at_rest.code_mac(login_id, code)
        return Proof() if hmac.compare_digest(held.login.code_mac, mac) else None

    return await prove(request, login_id, "code", judge, command.remember_device)


@router.post(
    "/logins/{login_id}/device",
    responses=SECOND_STEP_RESPONSES,
    summary="Come in on a remembered device",
)
async def show_device(login_id: UUID, command: ShowDevice, request: Request) -> LoggedIn:
    """Begin a session on a device that is remembered, where `next` said "device". PUBLIC."""

    async def judge(held: Try) -> Proof | None:
        token = command.device_token.get_secret_value()
        device = await devices.proved(held.connection, token)
        if device is None or device.device_id != held.login.device_id:
            return None
        return Proof()

    return await prove(request, login_id, "device", judge)
