"""The child's page: everything on it but the change log."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from epep_access.answers import Answers
from epep_access.checking import Acting, acting_for_child
from epep_access.readings import note_reading
from epep_events.profile import AuthorityProfile
from epep_runtime.civil_time import local_date
from epep_runtime.http import Asking, running_of
from epep_runtime.postgres import Pool
from epep_runtime.problems import NotFoundError
from pep_service.access.access_list import AccessRow, access_rows
from pep_service.children.child import CHILD, Child, Episode
from pep_service.children.codes import code_lists
from pep_service.children.describing import placement_text
from pep_service.children.key_indicators import core_data, key_indicators
from pep_service.children.shapes import (
    AuthorityNames,
    ChildMay,
    ChildPage,
    EpisodeShown,
    PersonShown,
)
from pep_service.peps.cards import cards_of_child
from pep_service.profiles.published import profile_of
from pep_service.settings_register.setting import setting_names

router = APIRouter(tags=["children"])


@router.get("/children/{child_id}", summary="The child's page", response_model=ChildPage)
async def get_child(child_id: UUID, principal: Asking, request: Request) -> JSONResponse:
    """Return key indicators, core data, episodes, who has access, and PEPs with their state.

    The ETag is the child's version, which assigning people needs. 404 without a relationship.
    """
    running = running_of(request)
    acting = await acting_for_child(running.pool, principal, child_id, running.part(Answers))
    async with running.pool.acquire() as connection:
        loaded = await running.store.load(connection, CHILD, child_id)
    if loaded.state.child_id is None:
        raise NotFoundError
    acting.must("child.read")
    note_reading(running, principal, acting, "child.read")
    profile = await profile_of(running.pool, acting.authority)
    child = await _with_newest_setting_name(running.pool, loaded.state)
    today = local_date(running.store.clock())
    cards = await cards_of_child(
        running.pool, running.store, child_id, rating=acting.may("quality.read")
    )
    page = ChildPage(
        child_id=child_id,
        version=loaded.version,
        name=child.name,
        first_name=child.first_name,
        last_name=child.last_name,
        preferred_name=child.preferred_name,
        authority=AuthorityNames(
            code=profile.code,
            name=profile.name,
            virtual_school_name=profile.virtual_school_name,
        ),
        labels=profile.labels,
        key_indicators=key_indicators(child, today) if acting.may("child.read_restricted") else [],
        core_data=core_data(child, restricted=acting.may("child.read_restricted")),
        episodes=[_episode(each) for each in reversed(child.episodes)]
        if acting.may("child.read_restricted")
        else [],
        people=_people(child, await access_rows(running, acting)),
        peps=cards,
        may=_may(acting, profile),
    )
    return JSONResponse(
        page.model_dump(mode="json"), headers={"ETag": f'"{loaded.version}"'}
    )  # fmt: skip


async def _with_newest_setting_name(pool: Pool, child: Child) -> Child:
    if child.setting_urn is None:
        return child
    names = await setting_names(pool, [child.setting_urn])
    return replace(child, setting_name=names.get(child.setting_urn, child.setting_name))


def _episode(episode: Episode) -> EpisodeShown:
    lists = code_lists()
    return EpisodeShown(
        started_on=episode.started_on,
        reason_label=lists.label("rne", episode.reason),
        legal_status_label=lists.label("ls", episode.legal_status),
        placement_label=placement_text(episode.placement),
        ended_on=episode.ended_on,
        end_reason_label=lists.label("rec", episode.end_reason) or None,
    )


def _people(child: Child, rows: list[AccessRow]) -> list[PersonShown]:
    """Return who has access now, each role of each person once; in the order of assignment."""
    order = {each: place for place, each in enumerate(child.people)}
    rows = sorted(rows, key=lambda row: order.get((row.account_id, row.role), len(order)))
    once = {(row.account_id, row.role): row for row in rows if row.state == "active"}
    return [
        PersonShown.model_validate(row.model_dump(include=set(PersonShown.model_fields)))
        for row in once.values()
    ]


def _may(acting: Acting, profile: AuthorityProfile) -> ChildMay:
    return ChildMay(
        create_pep=acting.may("pep.create", profile.permissions.create_pep),
        assign=acting.may("child.assign"),
        access_list=acting.may("child.access"),
        see_reads=acting.may("child.oversee"),
        request_carer=acting.may("child.ask_for_carer"),
    )
