"""What a service is told by its environment, `EPEP_*`."""

import base64
import binascii

from pydantic import Field, SecretStr

from epep_runtime.broker import BrokerSettings
from epep_runtime.postgres_keyring import KeyringError, PostgresKeyring, master_key

SECRET_BYTES = 32


class Settings(BrokerSettings):
    """The settings every service has; a service adds its own by subclassing.

    How Kafka is reached is in `broker.py`.

    `roles` is `all` or a comma-separated choice of `api`, `relay`, `projectors`, `reactors`,
    `workers`, so that a laptop runs one process and a cluster scales each part alone; a service
    may have roles of its own besides.
    `keyring_url` is the database of the subjects' keys, `keyring_master_key` wraps them there: 32
    bytes in base64, the same for every service that has a log.
    `secret_key` is 32 bytes in base64; without it the service does not sign its log, which it
    otherwise does `seal_every_seconds` after the last time, when something has happened since.
    """

    database_url: SecretStr
    keyring_url: SecretStr | None = None
    keyring_master_key: SecretStr | None = None
    topic_prefix: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    roles: str = "all"
    pool_size: int = 10
    log_level: str = "INFO"
    secret_key: SecretStr | None = None
    seal_every_seconds: float = Field(default=3600, gt=0)

    def has_role(self, role: str) -> bool:
        """Tell whether this process does that part of the work."""
        return self.roles == "all" or role in {name.strip() for name in self.roles.split(",")}

    def keyring(self) -> PostgresKeyring:
        """Return the keyring of the subjects' keys; it connects when it is first asked.

        Raises KeyringError where none is told, and for a master key that is none.
        """
        master = master_key(_told(self.keyring_master_key, "EPEP_KEYRING_MASTER_KEY"))
        return PostgresKeyring(self.keyring_address(), master)

    def keyring_address(self) -> str:
        """Return the URL of the keyring's database. Raises KeyringError where none is told."""
        return _told(self.keyring_url, "EPEP_KEYRING_URL")

    def topic(self, context: str) -> str:
        """Return the name of a context's topic here."""
        return f"{self.topic_prefix}{context}"

    def log_secret(self) -> bytes | None:
        """Return the bytes that the log's signing key is kept under. Raises ValueError."""
        if self.secret_key is None:
            return None
        try:
            secret = base64.b64decode(self.secret_key.get_secret_value(), validate=True)
        except binascii.Error as error:
            raise ValueError("EPEP_SECRET_KEY must be base64") from error
        if len(secret) != SECRET_BYTES:
            raise ValueError("EPEP_SECRET_KEY must be 32 bytes in base64")
        return secret


def _told(value: SecretStr | None, name: str) -> str:
    if value is None:
        raise KeyringError(f"{name} is not set: people's data are sealed with the keys there.")
    return value.get_secret_value()
