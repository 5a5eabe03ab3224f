"""What meeting-service is told by its environment."""

import base64
import binascii

from pydantic import SecretStr, field_validator

from epep_runtime.settings import Settings

KEY_BYTES = 32


class MeetingSettings(Settings):
    """`secret_key` (EPEP_SECRET_KEY): base64 of the 32 bytes that answer links are derived from.

    With another key, the links in the mails that have gone out stop working.
    """

    secret_key: SecretStr

    @field_validator("secret_key")
    @classmethod
    def _of_32_bytes(cls, value: SecretStr) -> SecretStr:
        try:
            length = len(base64.b64decode(value.get_secret_value(), validate=True))
        except binascii.Error as error:
            raise ValueError("must be base64") from error
        if length != KEY_BYTES:
            raise ValueError("must be base64 of 32 bytes")
        return value

    def key(self) -> bytes:
        """Return the 32 bytes."""
        return base64.b64decode(self.secret_key.get_secret_value())


def meeting_settings(settings: Settings | None) -> MeetingSettings:
    """Return a process's settings as this service's. Raises TypeError for another service's."""
    if not isinstance(settings, MeetingSettings):
        raise TypeError("these are not meeting-service's settings")
    return settings
