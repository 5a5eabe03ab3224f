"""The local mailbox: takes every mail by SMTP, delivers none, shows them on a page.

Run as `python -m epep_local.mailbox_server --smtp 8425 --http 8401 --folder DIR`. Only for one
person's machine and for tests: whoever reaches the port reads everything.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from epep_local.mail_store import MailStore, StoredMail

_LARGEST = 20 * 1024 * 1024  # bytes; what large mail providers take

# A mail's HTML is shown as its sender wrote it, but without scripts or anything from outside.
# Its links open a page of their own, which must be as free as if typed in.
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
_MAIL_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox {_SANDBOX}"
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'"


class Receiver:
    """What happens at each step of an SMTP session (the names are aiosmtpd's)."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take the recipient, unless it is one to refuse."""
        code = self._store.refusals.get(address.lower())
        if code:
            kind = "no such mailbox" if code >= 500 else "try again later"
            return f"{code} {address}: {kind}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        mail = self._store.add(envelope.rcpt_tos, envelope.original_content or b"")
        return f"250 Kept as {mail.id}"


def application(store: MailStore, smtp_port: int) -> FastAPI:
    """The pages and the API; the SMTP server listens as long as they do."""

    @asynccontextmanager
    async def listening(_app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_session(store), "127.0.0.1", smtp_port)
        async with server:
            yield

    app = FastAPI(title="ePEP's local mailbox", lifespan=listening)
    _add_api(app, store)
    _add_pages(app, store)
    return app


def _session(store: MailStore) -> Callable[[], SMTP]:
    return lambda: SMTP(Receiver(store), data_size_limit=_LARGEST, enable_SMTPUTF8=True)


def _add_api(app: FastAPI, store: MailStore) -> None:
    @app.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/messages")
    def messages(to: str = "") -> dict[str, object]:
        return {"messages": [mail.summary() for mail in store.to(to)]}

    @app.get("/api/messages/{number}.eml")
    def raw(number: int) -> Response:
        headers = {"Content-Disposition": f'attachment; filename="mail-{number}.eml"'}
        return Response(_found(store, number).raw, media_type="message/rfc822", headers=headers)

    @app.put("/api/refusals/{address}", status_code=204)
    def refuse(address: str, code: int = Query(default=550, ge=400, le=599)) -> None:
        store.refusals[address.lower()] = code

    @app.delete("/api/refusals/{address}", status_code=204)
    def accept(address: str) -> None:
        store.refusals.pop(address.lower(), None)


def _add_pages(app: FastAPI, store: MailStore) -> None:
    pages = Environment(loader=PackageLoader("epep_local"), autoescape=True)

    def page(name: str, **facts: object) -> HTMLResponse:
        html = pages.get_template(name).render(**facts)
        return HTMLResponse(html, headers={"Content-Security-Policy": _PAGE_POLICY})

    @app.get("/", response_class=HTMLResponse)
    def inbox(to: str = "") -> HTMLResponse:
        mails = [(mail, mail.message) for mail in reversed(store.to(to)[-200:])]
        return page("inbox.html", mails=mails, to=to, addresses=store.addresses())

    @app.get("/messages/{number}", response_class=HTMLResponse)
    def one(number: int) -> HTMLResponse:
        mail = _found(store, number)
        return page("mail.html", sandbox=_SANDBOX, mail=mail, message=mail.message, **_parts(mail))

    @app.get("/messages/{number}/html", response_class=HTMLResponse)
    def html(number: int) -> HTMLResponse:
        body = _found(store, number).message.get_body(("html",))
        content = body.get_content() if body else ""
        opened_outside = f'<base target="_blank">{content}'
        return HTMLResponse(opened_outside, headers={"Content-Security-Policy": _MAIL_POLICY})

    @app.get("/messages/{number}/attachments/{index}")
    def attachment(number: int, index: int) -> Response:
        parts = _attachments(_found(store, number))
        if not 0 <= index < len(parts):
            raise HTTPException(404, "This mail has no such attachment.")
        name, content = parts[index]
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
        headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
        return Response(content, media_type="application/octet-stream", headers=headers)


def _found(store: MailStore, number: int) -> StoredMail:
    mail = store.get(number)
    if mail is None:
        raise HTTPException(404, f"There is no mail {number}.")
    return mail


def _parts(mail: StoredMail) -> dict[str, object]:
    text, html = (mail.message.get_body((kind,)) for kind in ("plain", "html"))
    return {
        "text": text.get_content() if text else None,
        "has_html": html is not None,
        "attachments": [(name, len(content)) for name, content in _attachments(mail)],
    }


def _attachments(mail: StoredMail) -> list[tuple[str, bytes]]:
    """Each part that is neither the text nor the HTML: its name and its bytes.

    An invitation's calendar is often an alternative body rather than an attachment.
    """
    found = []
    for part in mail.message.walk():
        shown = part.get_content_type() in {"text/plain", "text/html"}
        if part.is_multipart() or (shown and not part.is_attachment()):
            continue
        content = part.get_payload(decode=True)
        name = part.get_filename() or part.get_content_type().replace("/", ".")
        found.append((name, content if isinstance(content, bytes) else b""))
    return found


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smtp", type=int, required=True, help="port for mail")
    parser.add_argument("--http", type=int, required=True, help="port for the pages")
    parser.add_argument("--folder", type=Path, required=True, help="where mails are kept")
    chosen = parser.parse_args()
    app = application(MailStore(chosen.folder), chosen.smtp)
    uvicorn.run(app, host="127.0.0.1", port=chosen.http, log_level="warning")


if __name__ == "__main__":
    main()
