"""Every event that is a change becomes a row; the table follows four services' topics.

identity-service's events are about accounts and not about a child, so they make no rows; the names
in the log are looked up when it is read.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from epep_events import access, meeting, notification, operations, pep, qa
from epep_events.base import ERASED, Event
from epep_events.envelope import Metadata
from epep_events.sealed_fields import adults_in, names_adults
from epep_runtime.adding import Adding
from epep_runtime.postgres import Connection
from epep_runtime.subscriptions import Projector
from pep_service.read_models.change_log import (
    of_access,
    of_children,
    of_mails,
    of_meetings,
    of_peps,
    of_reviews,
)
from pep_service.read_models.change_log.row import Row, who_of

Describe = Callable[[Any, Metadata], Row | None]

DESCRIPTIONS: Mapping[type[Event], Describe] = {
    pep.ChildRegistered: of_children.child_registered,
    pep.CoreDataChanged: of_children.core_data_changed,
    pep.CareEpisodeStarted: of_children.care_episode_started,
    pep.CareEpisodeEnded: of_children.care_episode_ended,
    pep.PlacementChanged: of_children.placement_changed,
    pep.SettingChanged: of_children.setting_changed,
    pep.ProfessionalAssigned: of_children.professional_assigned,
    pep.ProfessionalUnassigned: of_children.professional_unassigned,
    access.EmergencyAccessTaken: of_access.emergency_access_taken,
    access.CarerAccessRequested: of_access.carer_access_requested,
    access.CarerAccessApproved: of_access.carer_access_approved,
    access.CarerAccessRefused: of_access.carer_access_refused,
    pep.PEPInitiated: of_peps.pep_initiated,
    pep.PageSaved: of_peps.page_saved,
    pep.TargetDrafted: of_peps.target_drafted,
    pep.TargetAmended: of_peps.target_amended,
    pep.TargetSubmitted: of_peps.target_submitted,
    pep.TargetWithdrawn: of_peps.target_withdrawn,
    pep.SectionCompleted: of_peps.section_completed,
    pep.SectionReopened: of_peps.section_reopened,
    pep.PEPSubmitted: of_peps.pep_submitted,
    pep.PEPReturned: of_peps.pep_returned,
    pep.PEPSignedOff: of_peps.pep_signed_off,
    pep.MeetingTimeNoted: of_peps.meeting_time_noted,
    meeting.MeetingScheduled: of_meetings.meeting_scheduled,
    meeting.InvitationIssued: of_meetings.invitation_issued,
    meeting.InvitationWithdrawn: of_meetings.invitation_withdrawn,
    meeting.MeetingOrganiserChanged: of_meetings.organiser_changed,
    meeting.InvitationResponded: of_meetings.invitation_responded,
    meeting.MeetingRescheduled: of_meetings.meeting_rescheduled,
    meeting.MeetingCancelled: of_meetings.meeting_cancelled,
    meeting.MeetingRecordSaved: of_meetings.meeting_record_saved,
    meeting.MeetingConfirmed: of_meetings.meeting_confirmed,
    meeting.NextMeetingSet: of_meetings.next_meeting_set,
    qa.QASelected: of_reviews.qa_selected,
    qa.AreaScored: of_reviews.area_scored,
    qa.RatingGiven: of_reviews.rating_given,
    qa.QAPublished: of_reviews.qa_published,
    notification.NotificationSent: of_mails.notification_sent,
    notification.NotificationFailed: of_mails.notification_failed,
    notification.NotificationHeld: of_mails.notification_held,
    notification.NotificationLeftUnmailed: of_mails.notification_left_unmailed,
    notification.NotificationGathered: of_mails.notification_gathered,
}

UNTOLD: frozenset[type[Event]] = frozenset(
    {
        pep.AuthorityProfilePublished,  # about an authority, not a child
        pep.SettingRegistered,
        access.RecordOpened,  # a reading, not a change: the record has a page for these
        access.DelegateAppointed,  # about two people; their children's access lists show it
        access.DelegationEnded,
        access.CoverArranged,
        access.CoverEnded,
        pep.MeetingConfirmationNoted,  # meeting-service's own event has the row
        pep.NextMeetingNoted,
        pep.QAOutcomeNoted,  # qa-service's own event has the row
        meeting.InvitationLinked,  # about a person's account; the invitation has the row
        notification.NotificationRequested,  # what became of it has the row
        notification.MessagesRead,
        notification.NotificationPreferencesChanged,  # a person's own affair
        notification.SealingKeyPublished,
        *operations.EVENTS,  # about a service's machinery, not a child
    }
)
"""Events of the four services that are no change of a child's record."""


def describe(event: Event, meta: Metadata) -> Row | None:
    """Return the row that an event makes, of nothing but itself; None where it makes none."""
    found = DESCRIPTIONS.get(type(event))
    return found(event, meta) if found else None


NAMING_ADULTS = frozenset(event for event in DESCRIPTIONS if names_adults(event))
COLUMNS = (
    "event_id",
    "at",
    "stream_version",
    "type",
    "child_id",
    "pep_id",
    "who",
    "who_name",
    "role",
    "section",
    "what",
    "changes",
    "adults",
)


def rows_of(event: Any, meta: Metadata) -> Iterator[tuple[Any, ...]]:
    """Yield the event's row, if it makes one, in the order of the columns."""
    row = describe(event, meta)
    if row is not None:
        yield (
            meta.event_id,
            meta.occurred_at,
            meta.stream_version,
            meta.type,
            row.child_id,
            row.pep_id,
            who_of(meta),
            row.who_name,
            meta.actor.role,
            row.section,
            row.what,
            row.changes,
            adults_in(event) if type(event) in NAMING_ADULTS else [],
        )


FORGET = """
UPDATE change_log SET what = $2, who_name = NULL, changes = '[]'
 WHERE child_id = $1 OR adults @> ARRAY[$1]
    OR pep_id IN (SELECT pep_id FROM access_peps WHERE child_id = $1)
"""


async def _forget(connection: Connection, subject: UUID) -> None:
    """Keep that there was a change, when, of what kind and by whose account; not what."""
    await connection.execute(FORGET, subject, ERASED)


CHANGE_LOG = Projector(
    name="change_log",
    contexts=("pep", "meeting", "qa", "notification", "identity"),
    forget=_forget,
    tables=("change_log",),
    handles=dict.fromkeys(DESCRIPTIONS, Adding("change_log", COLUMNS, rows_of)),
)
