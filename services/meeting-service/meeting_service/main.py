"""Every part of meeting-service, in one place."""

from pathlib import Path

from epep_access import parts as access
from epep_runtime.service import Service
from meeting_service.invitations import answering_by_link, listing, responding
from meeting_service.meetings import (
    cancelling,
    confirming,
    inviting,
    recording,
    rescheduling,
    sending_again,
    setting_next,
    viewing,
)
from meeting_service.reactions.accounts_merged import MERGED
from meeting_service.reactions.invitation_claimed import LINKING
from meeting_service.reactions.pep_initiated import SCHEDULING
from meeting_service.read_models.deliveries import DELIVERIES
from meeting_service.read_models.meetings import MEETINGS
from meeting_service.read_models.peps import PEPS
from meeting_service.settings import MeetingSettings

SERVICE = Service(
    name="meeting",
    description="PEP meetings: arranging them, inviting, answers, the record, the next one.",
    migrations=Path(__file__).parent / "migrations",
    settings=MeetingSettings,
    routers=[
        viewing.router,
        recording.router,
        rescheduling.router,
        cancelling.router,
        inviting.router,
        sending_again.router,
        confirming.router,
        setting_next.router,
        listing.router,
        responding.router,
        answering_by_link.router,
    ],
    projectors=[*access.PROJECTORS, PEPS, MEETINGS, DELIVERIES],
    reactors=[SCHEDULING, LINKING, MERGED],
    sql=access.SQL,
    on_start=[*access.ON_START],
)
