"""Every read model against the fold of the log, and what waits parked."""

from __future__ import annotations

import asyncio

from finding import Finding
from records import SERVICES, connected
from town import Town

from epep_runtime.rebuild import rebuild
from epep_runtime.service import Service
from epep_runtime.settings import Settings
from epep_runtime.subscriptions import Projector

AT_ONCE = 4


async def models_agree(town: Town) -> Finding:
    """Rebuild every read model beside the live one, as an operator would, and compare the rows."""
    finding = Finding("Every read model equals the fold of the log.")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(service: Service, projector: Projector) -> int:
        async with gate:
            return await _compare(town, service, projector, finding)

    compared = await asyncio.gather(
        *(
            one(service, projector)
            for service in SERVICES.values()
            for projector in service.all_projectors()
        )
    )
    finding.looked_at.append(f"{len(compared)} read models, {sum(compared)} rows compared")
    return finding


async def _compare(town: Town, service: Service, projector: Projector, finding: Finding) -> int:
    settings = Settings(
        database_url=town.system.database_url(service.name),
        kafka_bootstrap=town.backends.kafka_bootstrap,
        topic_prefix=town.system.prefix,
        keyring_url=town.system.keyring_url(),
        keyring_master_key=town.system.environment(service.name)["EPEP_KEYRING_MASTER_KEY"],
    )
    try:
        found = await rebuild(
            service.name, settings, projector, lambda _done, _total: None, only_compare=True
        )
    except Exception as error:
        finding.violations.append(
            f"{service.name} {projector.name}: {type(error).__name__} {error}"
        )
        return 0
    assert found.comparison is not None
    finding.violations += [
        f"{service.name} {projector.name}: {each}" for each in found.comparison.first
    ]
    return found.comparison.rows


async def nothing_parked(town: Town) -> Finding:
    """No stream waits for an event that a handler could not take."""
    finding = Finding("No stream is parked.")
    for name in SERVICES:
        async with connected(town, name) as connection:
            rows = await connection.fetch("SELECT * FROM parked_streams ORDER BY parked_at")
        finding.violations += [
            f"{name}: {row['stream_id']} in {row['subscription']}: {row['error']}" for row in rows
        ]
    finding.looked_at.append(f"{len(SERVICES)} services")
    return finding
