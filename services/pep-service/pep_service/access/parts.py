"""What access brings to the service: lists that `main.py` puts in."""

from collections.abc import Sequence

from fastapi import APIRouter

from epep_runtime.subscriptions import Projector, Reactor
from pep_service.access import (
    access_list,
    allocating,
    carers,
    covers,
    delegations,
    emergency,
    handing_over,
    permissions_view,
)
from pep_service.reactions.carers import CARERS
from pep_service.reactions.merged import MERGED
from pep_service.reactions.merged_standins import MERGED_COVERS, MERGED_DELEGATIONS
from pep_service.read_models import carer_requests, readings

ROUTERS: Sequence[APIRouter] = (
    access_list.router,
    readings.router,
    emergency.router,
    delegations.router,
    covers.router,
    carers.router,
    carer_requests.router,
    allocating.router,
    handing_over.router,
    permissions_view.router,
)
PROJECTORS: Sequence[Projector] = (carer_requests.CARER_REQUESTS, readings.READINGS)
REACTORS: Sequence[Reactor] = (CARERS, MERGED, MERGED_DELEGATIONS, MERGED_COVERS)
