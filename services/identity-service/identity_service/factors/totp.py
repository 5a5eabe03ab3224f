"""Codes of an authenticator app (RFC 6238): 30 seconds, one step early or late, never twice."""

import hmac
import io
import re
from datetime import datetime
from typing import Annotated

import pyotp
import segno
from pydantic import AfterValidator, Field, SecretStr

from identity_service.logins.confirming import six_digits

STEP_SECONDS = 30
SECRET_CHARACTERS = 32  # 160 bits, as RFC 4226 asks
ISSUER = "ePEP"
AppCode = Annotated[
    SecretStr, AfterValidator(six_digits), Field(max_length=20, examples=["048213"])
]
"""Six digits as an authenticator app shows them."""


def new_secret() -> str:
    """Return a fresh secret in base32, as apps take it."""
    return pyotp.random_base32(SECRET_CHARACTERS)


def uri_of(secret: str, email: str) -> str:
    """Return the otpauth address that a QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def qr_of(uri: str) -> str:
    """Return the QR code as SVG without any style attribute, for a strict CSP."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(
        out, kind="svg", scale=4, xmldecl=False, svgns=True, nl=False, omitsize=False
    )
    return re.sub(r' style="[^"]*"', "", out.getvalue().decode())


def step_of(secret: str, code: str, last_step: int, now: datetime) -> int | None:
    """Return the time step whose code this is, if it is later than the last one used.

    A right code that was used before is None like a wrong one.
    """
    generator = pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in (current - 1, current, current + 1):
        right = generator.generate_otp(step)
        if hmac.compare_digest(right, code) and step > last_step:
            found = step
    return found
