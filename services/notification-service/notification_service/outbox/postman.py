"""One connection to the mail server, used for many mails, and what its refusals mean."""

import contextlib

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPServerDisconnected,
)

from notification_service.settings import NotificationSettings

TIMEOUT_SECONDS = 30.0
MAILS_A_CONNECTION = 100
REASONS = {
    550: "The mail server says that there is no such address.",
    551: "The mail server says that this person is not there.",
    552: "The mail server says that this person's mailbox is full.",
    553: "The mail server does not accept this address.",
}


class LaterError(Exception):
    """The server cannot take it now. Nothing was delivered: it is safe to try again."""

    def __init__(self, why: str, *, unreachable: bool = False) -> None:
        super().__init__(why)
        self.unreachable = unreachable


class RefusedError(Exception):
    """The server will never take it; the message is a sentence for the organiser."""


class UncertainError(Exception):
    """The connection broke while the message was handed over: it may have been delivered."""


def refusal(code: int) -> str:
    """Return the sentence for a permanent reply code."""
    return REASONS.get(code, f"The mail server refused the message (code {code}).")


class Postman:
    """Hands mails to the server in two steps, so that a crash between them is told from others."""

    def __init__(self, settings: NotificationSettings) -> None:
        self._settings = settings
        self._smtp: SMTP | None = None
        self._used = 0

    async def announce(self, recipient: str) -> None:
        """Name sender and recipient to the server (MAIL, RCPT), connecting where needed.

        A connection that the server closed while it was idle is opened again once. Raises
        LaterError, RefusedError.
        """
        reused = self._smtp is not None
        try:
            await self._announce(recipient)
        except LaterError as error:
            if not (reused and error.unreachable):
                raise
            await self._announce(recipient)

    async def _announce(self, recipient: str) -> None:
        smtp = await self._connected()
        try:
            await smtp.mail(self._settings.sender_address)
            await smtp.rcpt(recipient)
        except SMTPRecipientRefused as error:
            await self.forget()
            if error.code >= 500:
                raise RefusedError(refusal(error.code)) from error
            raise LaterError(f"The mail server put it off (code {error.code}).") from error
        except (SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise LaterError("The mail server broke off.", unreachable=True) from error
        except SMTPException as error:
            self._drop()
            raise LaterError("The mail server did not take the sender.") from error

    async def _connected(self) -> SMTP:
        if self._smtp is not None and (self._used >= MAILS_A_CONNECTION):
            await self.close()
        if self._smtp is None:
            self._smtp, self._used = await self._connect(), 0
        return self._smtp

    async def _connect(self) -> SMTP:
        told = self._settings
        password = told.smtp_password.get_secret_value() if told.smtp_password else None
        smtp = SMTP(
            hostname=told.smtp_host,
            port=told.smtp_port,
            timeout=TIMEOUT_SECONDS,
            use_tls=told.smtp_tls == "tls",
            start_tls=told.smtp_tls == "starttls",
            username=told.smtp_username,
            password=password,
        )
        try:
            await smtp.connect()
        except (SMTPException, OSError) as error:
            smtp.close()
            raise LaterError("The mail server cannot be reached.", unreachable=True) from error
        return smtp

    async def hand_over(self, content: bytes) -> None:
        """Give the announced message to the server (DATA); on return it has accepted it for good.

        Raises LaterError, RefusedError, or UncertainError when it did not say.
        """
        if self._smtp is None:
            raise LaterError("Nothing was announced.")
        try:
            await self._smtp.data(content)
        except SMTPDataError as error:
            await self.forget()
            if error.code >= 500:
                raise RefusedError(refusal(error.code)) from error
            raise LaterError(f"The mail server put it off (code {error.code}).") from error
        except (SMTPException, OSError) as error:
            self._drop()
            raise UncertainError from error
        self._used += 1

    async def forget(self) -> None:
        """Take an announcement back (RSET)."""
        if self._smtp is not None:
            try:
                await self._smtp.rset()
            except (SMTPException, OSError):
                self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    async def close(self) -> None:
        """Take leave of the server."""
        if self._smtp is not None:
            with contextlib.suppress(SMTPException, OSError):
                await self._smtp.quit()
        self._drop()
