"""The files of one upload: multipart/form-data with `header`, `episodes` and perhaps `people`."""

import hashlib
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from epep_runtime.language import _
from epep_runtime.problems import FieldError, InvalidError, ProblemError

FIELDS = ("header", "episodes", "people")

REQUEST_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["header", "episodes"],
                "properties": {
                    name: {
                        "type": "string",
                        "format": "binary",
                        "contentMediaType": "text/csv",
                        "description": f"{name}.csv",
                    }
                    for name in FIELDS
                },
            }
        }
    },
}
"""The request's description for OpenAPI: its body is read by hand, after its headers."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes of each file; `people` is None where it was not sent."""

    header: bytes
    episodes: bytes
    people: bytes | None

    def fingerprint(self, authority: str) -> bytes:
        """Return a digest that is the same for the same files in the same authority."""
        digest = hashlib.sha256(authority.encode())
        for data in (self.header, self.episodes, self.people):
            digest.update(b"-" if data is None else b"%d:" % len(data) + data)
        return digest.digest()


async def upload_of(request: Request) -> Upload:
    """Read the files. Raises ProblemError 400 for another kind of body, InvalidError by field."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ProblemError(400, "malformed", _("Send the files as multipart/form-data."))
    try:
        async with request.form(max_files=len(FIELDS) + 1, max_fields=len(FIELDS)) as form:
            parts = form.multi_items()
            _refuse_misfits([(name, isinstance(part, UploadFile)) for name, part in parts])
            read = {name: await part.read() for name, part in parts if isinstance(part, UploadFile)}
    except HTTPException as error:
        raise ProblemError(400, "malformed", _("The body is not multipart/form-data.")) from error
    people = read.get("people")
    return Upload(read["header"], read["episodes"], people or None)


def _refuse_misfits(parts: list[tuple[str, bool]]) -> None:
    names = [name for name, _is_file in parts]
    errors = [
        FieldError(name, _("There is no such field."), "extra_forbidden")
        for name in dict.fromkeys(names)
        if name not in FIELDS
    ]
    for name in FIELDS:
        if names.count(name) > 1:
            errors.append(FieldError(name, _("Send one file."), "too_many"))
        elif name not in names and name != "people":
            errors.append(
                FieldError(name, _("Choose the file %(name)s.csv.", name=name), "missing")
            )
    errors += [
        FieldError(name, _("Send this as a file."), "not_a_file")
        for name, is_file in parts
        if name in FIELDS and not is_file
    ]
    if errors:
        raise InvalidError(errors)
