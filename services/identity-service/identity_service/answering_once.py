"""Changes of one's own account honour the Idempotency-Key, and keep no secret for it.

A route class, for these changes are no aggregate's alone: sessions, factors and passwords stand in
tables. The key is claimed before the change is begun, and given back where it is refused. The same
request again gets the first answer; where that held a secret, such as recovery codes, it is refused
with 409 `already-done`, for the answer is kept nowhere.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from epep_runtime.commands import change_of
from epep_runtime.http import CHANGE_RESPONSES, running_of
from epep_runtime.language import _
from epep_runtime.problems import FieldError, ProblemError, RefusedError
from epep_runtime.service import Running
from epep_runtime.tokens import Principal
from identity_service.parts import Identity

CLAIM = """
INSERT INTO answers_once (account_id, key, fingerprint, at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING true
"""
KNOWN = "SELECT fingerprint, status, body FROM answers_once WHERE account_id = $1 AND key = $2"
KEEP = "UPDATE answers_once SET status = $3, body = $4 WHERE account_id = $1 AND key = $2"
GIVE_BACK = "DELETE FROM answers_once WHERE account_id = $1 AND key = $2"
RESPONSES: dict[int | str, dict[str, Any]] = {
    409: CHANGE_RESPONSES[409]
    | {
        "description": "A rule refuses it. With an Idempotency-Key that was sent before:"
        " `already-done` where the first answer held a secret, which is shown once; `unsettled`"
        " where it is not known yet how the first one ended"
    }
}


class ShownOnce(BaseModel):
    """An answer with a secret in it: shown once, kept nowhere, not even for an Idempotency-Key."""


class AnsweredOnce(APIRoute):
    """A route that is carried out once for each Idempotency-Key; without one, each time."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        if (more.get("methods") or {"GET"}) != {"GET"}:
            more["responses"] = {**(more.get("responses") or {}), **RESPONSES}
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Return what answers a request, or finds what it was answered before."""
        answer = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if key is None or request.method == "GET" or scheme.lower() != "bearer":
                return await answer(request)
            principal = await running_of(request).verifier.verify(token.strip())
            claim = await Claim.of(request, principal, key)
            known = await claim.known()
            return known or await self._carried_out(request, answer, claim)

        return once

    async def _carried_out(
        self, request: Request, answer: Callable[[Request], Awaitable[Response]], claim: "Claim"
    ) -> Response:
        try:
            made = await answer(request)
        except Exception:
            await claim.give_back()
            raise
        secret = isinstance(self.response_model, type) and issubclass(
            self.response_model, ShownOnce
        )
        await claim.keep(made.status_code, None if secret else bytes(made.body) or b"null")
        return made


class Claim:
    """One request's hold on its Idempotency-Key."""

    def __init__(
        self, running: Running, principal: Principal, key: str, fingerprint: bytes
    ) -> None:
        self._pool, self._now = running.pool, running.store.clock()
        self._of, self._fingerprint = (principal.account_id, key), fingerprint

    @classmethod
    async def of(cls, request: Request, principal: Principal, key: str) -> "Claim":
        """Read the request. Raises InvalidError for a key that cannot be one."""
        running = running_of(request)
        change = await change_of(request, principal, request.headers.get("if-match"), key)
        at_rest = running.part(Identity).at_rest
        return cls(running, principal, key, at_rest.request_mac(change.fingerprint))

    async def known(self) -> Response | None:
        """Return what this was answered before; None where it is new, and the key is held now.

        Raises ProblemError 422 where the key was used for another request, RefusedError
        `already-done` or `unsettled`.
        """
        if await self._pool.fetchval(CLAIM, *self._of, self._fingerprint, self._now):
            return None
        row = await self._pool.fetchrow(KNOWN, *self._of)
        if row is None or (row["status"] is None and row["fingerprint"] == self._fingerprint):
            message = _("This was sent before, and is not known to have ended. See how it is now.")
            raise RefusedError(message, "unsettled")
        if row["fingerprint"] != self._fingerprint:
            raise ProblemError(
                422,
                "idempotency-mismatch",
                _("This Idempotency-Key was used for another request."),
                errors=[
                    FieldError("Idempotency-Key", _("Use a new key for a new request."), "reused")
                ],
            )
        if row["body"] is None:
            message = _(
                "This is done already, and what it answered is shown only once. See my second"
                " factors, and make new ones where it was lost."
            )
            raise RefusedError(message, "already-done")
        body = row["body"]["answer"]
        status: int = row["status"]
        return Response(status_code=status) if body is None else JSONResponse(body, status)

    async def keep(self, status: int, body: bytes | None) -> None:
        """Keep the answer; `body` is JSON, None for one that is shown once."""
        kept = None if body is None else {"answer": orjson.loads(body)}
        await self._pool.execute(KEEP, *self._of, status, kept)

    async def give_back(self) -> None:
        """Let the key be used again: nothing was done under it."""
        await self._pool.execute(GIVE_BACK, *self._of)
