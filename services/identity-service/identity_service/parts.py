"""What one process of identity-service is made of, put together when it starts."""

from epep_runtime.service import Running
from identity_service.asking.asks import Asks
from identity_service.factors.passkeys import Passkeys
from identity_service.passwords.hashing import Passwords
from identity_service.secrets_at_rest import SecretsAtRest
from identity_service.settings import IdentitySettings
from identity_service.throttling.counters import Counters
from identity_service.tokens.access_tokens import AccessTokens
from identity_service.tokens.signing_keys import SigningKeys


class Identity:
    """The parts that routes share: passwords, counters, keys; `running.part(Identity)`."""

    def __init__(self, running: Running, settings: IdentitySettings) -> None:
        self.settings = settings
        self.at_rest = SecretsAtRest(settings.secret_bytes())
        self.passwords = Passwords(settings)
        self.counters = Counters(
            running.pool, running.store, self.at_rest, settings.network_failures
        )
        self.signing_keys = SigningKeys(running.pool, running.store, self.at_rest, settings)
        self.tokens = AccessTokens(self.signing_keys)
        self.asks = Asks(running.pool, self.at_rest)
        self.passkeys = Passkeys(settings.portal_url)


async def prepare(running: Running) -> None:
    """Put the parts together and see that there is a key to sign with, before anybody asks.

    Raises WrongSecretKeyError when the database was kept under another `EPEP_SECRET_KEY`.
    """
    assert isinstance(running.settings, IdentitySettings)
    identity = Identity(running, running.settings)
    await identity.signing_keys.ensure()
    running.parts[Identity] = identity
