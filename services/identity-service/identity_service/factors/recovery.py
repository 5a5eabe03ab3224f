"""Recovery codes: ten, each lets its person in once when the other factors are out of reach."""

import re
import secrets
from uuid import UUID

from pydantic import SecretStr

from epep_runtime.language import _
from identity_service.secrets_at_rest import SecretsAtRest

HOW_MANY = 10
LENGTH = 12
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read for something else
GROUP = 4


def new_codes() -> list[str]:
    """Return ten codes of 58 random bits each, like "7KQ2-MX9D-4TBP"."""
    return [
        _grouped("".join(secrets.choice(ALPHABET) for _ in range(LENGTH))) for _ in range(HOW_MANY)
    ]


def _grouped(text: str) -> str:
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def typed_code(value: SecretStr) -> SecretStr:
    """Return a code as it is compared. Raises ValueError where it cannot be one."""
    found = re.sub(r"[^0-9A-Z]", "", value.get_secret_value().upper())
    if len(found) != LENGTH:
        raise ValueError(_("must be one of your recovery codes, like 7KQ2-MX9D-4TBP"))
    return SecretStr(found)


def macs_of(at_rest: SecretsAtRest, account_id: UUID, codes: list[str]) -> list[bytes]:
    """Return what is kept of codes."""
    return [at_rest.recovery_mac(account_id, each.replace("-", "")) for each in codes]
