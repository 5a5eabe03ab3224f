"""What a service is told by its environment, `EPEP_*`."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings every service has; a service adds its own by subclassing.

    `roles` is `all` or a comma-separated choice of `api`, `relay`, `projectors`, `reactors`,
    `workers`, so that a laptop runs one process and a cluster scales each part alone.
    """

    model_config = SettingsConfigDict(env_prefix="EPEP_")

    database_url: SecretStr
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

    def topic(self, context: str) -> str:
        """Return the name of a context's topic here."""
        return f"{self.topic_prefix}{context}"
