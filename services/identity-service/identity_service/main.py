"""identity-service as a list of its parts."""

from pathlib import Path

from epep_access.people import PEOPLE, PEOPLE_SQL
from epep_runtime.service import Service
from identity_service import reminding
from identity_service.accounts import (
    asking_who_i_am,
    details,
    finding_people,
    granting,
    merging,
    suspending_for_others,
)
from identity_service.asking import clerk
from identity_service.emails import asking as asking_for_emails
from identity_service.emails import confirming as confirming_emails
from identity_service.factors import logging_in, managing
from identity_service.housekeeping import keep_tidy
from identity_service.links import looking
from identity_service.logins import confirming, declaring, resending, starting, stopping
from identity_service.parts import prepare
from identity_service.passwords import changing, forgetting
from identity_service.read_models.access_requests import ACCESS_REQUESTS
from identity_service.read_models.invited import INVITED
from identity_service.read_models.reminders import REMINDERS
from identity_service.read_models.sign_in_rules import SIGN_IN_RULES
from identity_service.registrations import asking_again, deciding, queue
from identity_service.registrations import confirming as confirming_registrations
from identity_service.registrations import starting as starting_registrations
from identity_service.sessions import (
    ending,
    ending_for_others,
    listing,
    peeking,
    reauthenticating,
    renewing,
)
from identity_service.settings import IdentitySettings
from identity_service.tokens.rotating import rotate_keys

SERVICE = Service(
    name="identity",
    description="Registration, accounts, log-in in two steps, sessions and signed tokens.",
    migrations=Path(__file__).parent / "migrations",
    settings=IdentitySettings,
    routers=[
        starting_registrations.router,
        confirming_registrations.router,
        looking.router,
        starting.router,
        stopping.router,  # before the routes with a log-in's id
        declaring.router,
        confirming.router,
        resending.router,
        logging_in.router,
        forgetting.router,
        reminding.router,
        confirming_emails.router,
        renewing.router,
        peeking.router,
        ending.router,
        asking_who_i_am.router,
        asking_again.router,
        reauthenticating.router,
        details.router,
        changing.router,
        asking_for_emails.router,
        managing.router,
        listing.router,
        finding_people.router,
        granting.router,
        suspending_for_others.router,
        merging.router,
        ending_for_others.router,
        queue.router,
        deciding.router,
    ],
    projectors=[PEOPLE, SIGN_IN_RULES, ACCESS_REQUESTS, INVITED, REMINDERS],
    sql=[PEOPLE_SQL],
    reactors=[deciding.GRANTING],
    workers=[clerk.work, rotate_keys, keep_tidy],
    on_start=[prepare],
)
