"""Passkeys (WebAuthn): made and used for the portal's host, checked with py_webauthn."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

Options = dict[str, Any]
FAULTS = (WebAuthnException, ValueError, KeyError, TypeError)
"""What py_webauthn raises for a credential that is wrong or is none."""


@dataclass(frozen=True, slots=True)
class MadePasskey:
    """What is kept of a passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


class Passkeys:
    """Passkeys of one portal: its host is what they belong to, its origin where they are used."""

    def __init__(self, portal_url: str) -> None:
        parts = urlsplit(portal_url)
        self._host = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}"

    @property
    def possible(self) -> bool:
        """Tell whether the portal has a name: browsers make no passkeys for a bare IP address."""
        try:
            ip_address(self._host)
        except ValueError:
            return bool(self._host)
        return False

    def to_make(
        self, account_id: UUID, email: str, name: str, known: Iterable[bytes]
    ) -> tuple[Options, bytes]:
        """Return what the browser makes a passkey from, and the challenge in it."""
        options = generate_registration_options(
            rp_id=self._host,
            rp_name="ePEP",
            user_id=account_id.bytes,
            user_name=email,
            user_display_name=name,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
        )
        return orjson.loads(options_to_json(options)), options.challenge

    def made(self, credential: Options, challenge: bytes) -> MadePasskey | None:
        """Return the passkey that was made, or None where it answers to another challenge."""
        try:
            found = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=False,
            )
        except FAULTS:
            return None
        return MadePasskey(found.credential_id, found.credential_public_key, found.sign_count)

    def to_use(self, known: Iterable[bytes]) -> tuple[Options, bytes]:
        """Return what the browser signs with one of these passkeys, and the challenge in it."""
        options = generate_authentication_options(
            rp_id=self._host,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        return orjson.loads(options_to_json(options)), options.challenge

    def used(
        self, credential: Options, challenge: bytes, public_key: bytes, sign_count: int
    ) -> int | None:
        """Return the passkey's new count, or None for a wrong signature or a copied passkey."""
        try:
            found = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
                require_user_verification=False,
            )
        except FAULTS:
            return None
        return found.new_sign_count
