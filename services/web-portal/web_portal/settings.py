"""What the portal is told by its environment, `EPEP_*`."""

import base64
import binascii
from datetime import timedelta

from pydantic import SecretStr, field_validator

from epep_runtime.settings import Settings


class PortalSettings(Settings):
    """Where the services are, the key that seals sessions, and how long a session lasts.

    `secret_key` is 32 bytes in base64. `portal_url` is the address that people use;
    requests for another host are refused, but for those in `more_hosts` (comma-separated).
    `portal_languages` are the languages that a visitor can choose from, comma-separated, the
    first one to begin with.
    """

    secret_key: SecretStr
    portal_url: str
    more_hosts: str = ""
    pep_url: str
    meeting_url: str
    notification_url: str
    qa_url: str
    identity_url: str
    session_idle: timedelta = timedelta(minutes=30)
    session_longest: timedelta = timedelta(hours=12)
    service_timeout_seconds: float = 15.0
    portal_languages: str = "en"

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        try:
            key = base64.b64decode(value.get_secret_value(), validate=True)
        except binascii.Error as error:
            raise ValueError("must be base64") from error
        if len(key) != 32:
            raise ValueError("must be 32 bytes in base64")
        return value

    @property
    def key(self) -> bytes:
        """Return the 32 bytes of the secret key."""
        return base64.b64decode(self.secret_key.get_secret_value())

    @property
    def addresses(self) -> dict[str, str]:
        """Return each service's address by its name."""
        return {
            "pep": self.pep_url,
            "meeting": self.meeting_url,
            "notification": self.notification_url,
            "qa": self.qa_url,
            "identity": self.identity_url,
        }
