"""What notification-service is told by its environment."""

import base64
import binascii
from datetime import time
from email.utils import parseaddr
from typing import Literal

from pydantic import SecretStr, field_validator

from epep_runtime.service import Running
from epep_runtime.settings import Settings


class NotificationSettings(Settings):
    """The settings of every service, the mail server, and where the portal is.

    `secret_key` is 32 bytes in base64; `mail_from` is "Name <address>"; `mail_retry_seconds` is
    the wait before the second try, which doubles from try to try; `digest_at` is England's time of
    the one mail a day that some people want, where their authority's profile names none.
    """

    pool_size: int = 16
    secret_key: SecretStr
    portal_url: str
    smtp_host: str
    smtp_port: int
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str
    mail_connections: int = 8
    mail_retry_seconds: float = 5.0
    digest_at: time = time(7)

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        try:
            fits = len(base64.b64decode(value.get_secret_value(), validate=True)) == 32
        except binascii.Error:
            fits = False
        if not fits:
            raise ValueError("EPEP_SECRET_KEY must be 32 bytes in base64")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1] or not value.isprintable():
            raise ValueError('EPEP_MAIL_FROM must look like "ePEP <no-reply@example.org>"')
        return value

    @field_validator("portal_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def secret(self) -> bytes:
        """Return the 32 bytes under which private keys are stored."""
        return base64.b64decode(self.secret_key.get_secret_value())

    @property
    def sender_address(self) -> str:
        """Return the bare address that mails come from."""
        return parseaddr(self.mail_from)[1]

    @property
    def mail_domain(self) -> str:
        """Return what stands after the @ in the ids of mails."""
        domain = self.sender_address.rpartition("@")[2]
        return domain if domain.startswith("epep.") else f"epep.{domain}"


def settings_of(running: Running) -> NotificationSettings:
    """Return this service's own settings. Raises TypeError where it runs with another's."""
    if not isinstance(running.settings, NotificationSettings):
        raise TypeError("notification-service needs NotificationSettings")
    return running.settings
