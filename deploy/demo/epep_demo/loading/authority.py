"""An authority's settings, children and their people, as its virtual school enters them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from epep_demo.authority_files import authority_files
from epep_demo.cast import Person, settings_of, with_role
from epep_demo.children import Child
from epep_demo.choosing import pick
from epep_demo.loading.problem import LoadError
from epep_demo.loading.session import Session
from epep_demo.loading.waiting import eventually
from epep_demo.portraits import carer_account

AT_ONCE = 4
COORDINATED = 10
"""One child in this many has the PEP coordinator beside the designated teacher."""


async def register_settings(authority: str, by: Session) -> None:
    """Register the settings in the authority's area."""
    for each in settings_of(authority):
        told = {"name": each.name, "phase": each.phase, "authority_code": authority}
        await by.change("PUT", "pep", f"/settings/{each.urn}", told)


async def import_children(authority: str, children: Sequence[Child], by: Session) -> int:
    """Check the authority's files until they are accepted whole, then import them.

    The check names people and settings that pep-service has not heard of yet, so it is asked
    again for a while. Returns how many children were new or changed. Raises LoadError.
    """
    last: dict[str, Any] = {}
    contents = authority_files(children)
    files = {
        name.removesuffix(".csv"): (name, content, "text/csv") for name, content in contents.items()
    }

    async def checked() -> dict[str, Any] | None:
        answer = await by.send(
            "POST", "pep", "/imports", params={"authority": authority}, files=files
        )
        found: dict[str, Any] = answer.json()
        if answer.is_error:
            raise LoadError(f"The import was refused: {found.get('detail') or found.get('title')}")
        last.update(found)
        return None if found["problem_count"] else found

    try:
        check = await eventually("the files still had problems", checked, patience=30)
    except LoadError as error:
        raise LoadError(f"The files of {authority} have problems: {_first(last)}") from error
    counts = check["counts"]
    await by.change("POST", "pep", f"/imports/{check['import_id']}/run", {})

    async def finished() -> bool | None:
        state = await by.get("pep", f"/imports/{check['import_id']}")
        if state["state"] == "failed":
            raise LoadError(f"The import for {authority} failed: {_first(state)}")
        return True if state["state"] == "imported" else None

    await eventually(f"the import for {authority} did not end", finished, patience=120)
    return int(counts["new"] + counts["changed"])


def _first(state: dict[str, Any]) -> str:
    problems = state.get("problems") or []
    if not problems:
        return "nothing was said of them"
    p = problems[0]
    return f"{p['file']} line {p['line']}, {p['column']}: {p['reason']} ({len(problems)} in all)"


async def find_children(authority: str, children: Sequence[Child], by: Session) -> dict[str, str]:
    """Return the child_id of every child by the authority's own number, once all are listed."""
    names = {f"{child.known_as} {child.last_name}": child.care_id for child in children}
    names |= {f"{child.first_name} {child.last_name}": child.care_id for child in children}

    async def all_listed() -> dict[str, str] | None:
        found: dict[str, str] = {}
        page, total = 1, 1
        while (page - 1) * 25 < total:
            listed = await by.get("pep", "/home", authority=authority, page=page)
            total, page = listed["total"], page + 1
            for child in listed["children"]:
                if child["name"] in names:
                    found[names[child["name"]]] = child["child_id"]
        return found if len(found) == len(children) else None

    return await eventually(f"the children of {authority} were not all listed", all_listed)


async def assign_others(
    children: Sequence[Child],
    ids: dict[str, str],
    by: Session,
    accounts: dict[str, str],
) -> None:
    """Give each child an allocated virtual school worker (B53), some a coordinator or carer.

    Every third child has the independent reviewing officer, too.
    `accounts` are account ids by e-mail address.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(child: Child) -> None:
        path = f"/children/{ids[child.care_id]}"
        version = None
        async with turns:
            for role, email in _others(child):
                told = {"account_id": accounts[email], "role": role}
                done = await by.change(
                    "PUT", "pep", f"{path}/people", told, seen_at=path, version=version
                )
                version = done["version"]

    await asyncio.gather(*map(one, children))


def _others(child: Child) -> list[tuple[str, str]]:
    """Return (role, e-mail address) of those whom the files do not name."""
    authority, carer = child.authority, carer_account(child)
    found = [("virtual_school", worker_of(child).email)]
    if carer:
        found.append(("carer", carer))
    if is_coordinated(child):
        found.append(("coordinator", with_role(authority, "coordinator")[0].email))
    if child.number % 3 == 0:
        found.append(("iro", with_role(authority, "iro")[0].email))
    return found


def is_coordinated(child: Child) -> bool:
    """Say whether the PEP coordinator works with this child."""
    return child.number % COORDINATED == 1


def worker_of(child: Child) -> Person:
    """Return the virtual school's worker who is allocated to this child."""
    return pick(with_role(child.authority, "virtual_school"), child.authority, child.number, "vs")
