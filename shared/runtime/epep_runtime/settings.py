"""What a service is told by its environment, `EPEP_*`."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from epep_runtime.postgres_keyring import PostgresKeyring, master_key


class Settings(BaseSettings):
    """The settings every service has; a service adds its own by subclassing.

    `roles` is `all` or a comma-separated choice of `api`, `relay`, `projectors`, `reactors`,
    `workers`, so that a laptop runs one process and a cluster scales each part alone.
    `keyring_url` is the database of the subjects' keys, `keyring_master_key` wraps them there: 32
    bytes in base64, the same for every service.
    """

    model_config = SettingsConfigDict(env_prefix="EPEP_")

    database_url: SecretStr
    keyring_url: SecretStr
    keyring_master_key: SecretStr
    kafka_bootstrap: str = "127.0.0.1:9092"
    topic_prefix: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    roles: str = "all"
    pool_size: int = 10
    log_level: str = "INFO"

    def has_role(self, role: str) -> bool:
        """Tell whether this process does that part of the work."""
        return self.roles == "all" or role in {name.strip() for name in self.roles.split(",")}

    def keyring(self) -> PostgresKeyring:
        """Return the keyring of the subjects' keys; it connects when it is first asked.

        Raises KeyringError for a master key that is none.
        """
        master = master_key(self.keyring_master_key.get_secret_value())
        return PostgresKeyring(self.keyring_url.get_secret_value(), master)

    def topic(self, context: str) -> str:
        """Return the name of a context's topic here."""
        return f"{self.topic_prefix}{context}"
