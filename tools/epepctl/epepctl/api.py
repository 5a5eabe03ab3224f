"""The services' HTTP APIs as an operator uses them: log in, ask, send, refusals as sentences."""

import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from epepctl.problem import ToolError

PATIENCE = httpx.Timeout(120.0, connect=5.0)
REFRESH_SECONDS = 60.0


class Api:
    """A session of one person; the access token is renewed before it runs out.

    >>> with Api(identity_url, pep_url) as api:
    ...     api.log_in(email, password, ask_for_code)
    ...     api.get("/imports/…")
    """

    def __init__(
        self, identity: str, pep: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._identity, self._pep = identity, pep
        self._client = httpx.Client(timeout=PATIENCE, transport=transport)
        self._session: dict[str, str] = {}
        self._token, self._until = "", 0.0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the session, quietly: the work is done or has failed by itself."""
        if self._session:
            try:
                self._client.post(f"{self._identity}/sessions/end", json=self._session)
            except httpx.HTTPError:
                self._session = {}
        self._client.close()

    def log_in(self, email: str, password: str, code: Callable[[], str]) -> str:
        """Log in with password and a code, by mail or of an app; return the person's name.

        `code` is asked for after the code was mailed. Raises ToolError, also while there are
        declarations to tick: they are the person's to read.
        """
        body = {"email": email, "password": password}
        login = self._send("POST", f"{self._identity}/logins", json=body)
        step = login.get("next", "code")
        if step not in {"code", "totp"}:
            raise ToolError(
                "Log in once in the portal first: there are declarations to tick."
                if step == "declarations"
                else "Passkeys work in the portal only."
            )
        where = f"{self._identity}/logins/{login['login_id']}/{step}"
        done = self._send("POST", where, json={"code": code().strip()})
        self._session = {key: done[key] for key in ("session_id", "session_secret")}
        self._keep(done)
        return str(done["account"]["name"])

    def get(self, path: str) -> Any:
        """Return the JSON at a path of the pep service."""
        return self._send("GET", f"{self._pep}{path}", headers=self._bearer())

    def get_bytes(self, path: str) -> bytes:
        """Return the bytes at a path of the pep service."""
        return self._answer("GET", f"{self._pep}{path}", headers=self._bearer()).content

    def post(self, path: str, **content: Any) -> Any:
        """Send to a path of the pep service and return the JSON of the answer."""
        return self._send("POST", f"{self._pep}{path}", headers=self._bearer(), **content)

    def _bearer(self) -> dict[str, str]:
        if time.time() > self._until - REFRESH_SECONDS:
            self._keep(self._send("POST", f"{self._identity}/tokens", json=self._session))
        return {"Authorization": f"Bearer {self._token}"}

    def _keep(self, answer: dict[str, Any]) -> None:
        self._token = answer["access_token"]
        self._until = datetime.fromisoformat(answer["access_expires_at"]).timestamp()

    def _send(self, method: str, url: str, **content: Any) -> Any:
        answer = self._answer(method, url, **content)
        try:
            return answer.json()
        except ValueError:
            raise ToolError(f"{url} does not answer as an ePEP service would.") from None

    def _answer(self, method: str, url: str, **content: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, url, **content)
        except httpx.ConnectError:
            raise ToolError(f"Nothing answers at {url}. Does the system run?") from None
        except httpx.HTTPError as error:
            raise ToolError(f"{url} did not answer ({type(error).__name__}).") from None
        if answer.is_error:
            raise ToolError(sentence_of(answer))
        return answer


def sentence_of(answer: httpx.Response) -> str:
    """Return a refusal's own words: its detail, and each field that is wrong."""
    try:
        problem = answer.json()
        detail = str(problem["detail"])
        errors = [each for each in problem.get("errors", []) if each["message"] != detail]
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answered {answer.status_code}."
    return "\n".join([detail, *(f"  {each['field']}: {each['message']}" for each in errors)])
