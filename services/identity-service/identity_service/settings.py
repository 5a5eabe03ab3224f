"""What identity-service is told by its environment."""

import base64
import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from epep_runtime.settings import Settings

Network = IPv4Network | IPv6Network
KEY_BYTES = 32


class IdentitySettings(Settings):
    """The cost of passwords, whom to believe about addresses, the key that all keys follow from.

    `password_memory_kib` and `password_passes` are argon2id's m and t (OWASP ASVS 5 App. C:
    m=47104, t=1, p=1). At most `password_threads` are worked out at once, on half of
    the processors if nothing else is said, and `password_queue` wait.
    `network_failures` are allowed to one network in a quarter of an hour: whole schools share one
    address. `trusted_proxies` are networks, comma-separated, whose X-Forwarded-For is believed.
    A refused log-in takes a whole number of `refusal_seconds`, whatever was looked up for it.
    `portal_url` is where people reach the portal: passkeys belong to its host. A key signs for
    `signing_key_days`; the services hear of the next one `signing_key_head_start_seconds` before.
    """

    model_config = SettingsConfigDict(env_prefix="EPEP_", hide_input_in_errors=True)

    secret_key: SecretStr
    password_memory_kib: int = Field(default=47_104, ge=8)
    password_passes: int = Field(default=1, ge=1)
    password_threads: int = Field(default=max(1, (os.cpu_count() or 2) // 2), ge=1)
    password_queue: int = Field(default=100, ge=0)
    network_failures: int = Field(default=300, ge=1)
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    refusal_seconds: float = Field(default=0.25, ge=0)
    portal_url: str = "http://localhost:8400"
    signing_key_days: int = Field(default=90, ge=1)
    signing_key_head_start_seconds: float = Field(default=60.0, ge=0)

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        _key_bytes(value)
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    def secret_bytes(self) -> bytes:
        """Return the 32 bytes of `EPEP_SECRET_KEY`."""
        return _key_bytes(self.secret_key)


def _key_bytes(value: SecretStr) -> bytes:
    try:
        key = base64.b64decode(value.get_secret_value(), validate=True)
    except ValueError as error:
        raise ValueError("must be base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError("must be 32 bytes in base64")
    return key
