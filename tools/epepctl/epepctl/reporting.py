"""`epepctl status`: how the services are, local ones or those whose addresses are given."""

from collections.abc import Mapping
from typing import Any

import httpx
from rich.table import Table

from epep_local.services import SERVICES
from epep_local.system import behind, warnings


def given_addresses(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the services' addresses that the environment gives, by name."""
    return {
        one.name: environment[one.url_setting].rstrip("/")
        for one in SERVICES
        if environment.get(one.url_setting)
    }


def health_table(
    addresses: Mapping[str, str], transport: httpx.BaseTransport | None = None
) -> tuple[Table, bool]:
    """Ask each service how it is; return the table, and whether all are well."""
    table = Table("Service", "Address", "Health", "Behind")
    well = True
    with httpx.Client(timeout=5.0, transport=transport) as client:
        for name, address in addresses.items():
            said = _health(client, address)
            status = str(said.get("status", "does not answer"))
            well = well and status == "ok"
            table.add_row(name, address, status, _behind(said))
    return table, well


def _health(client: httpx.Client, address: str) -> dict[str, Any]:
    try:
        said = client.get(f"{address}/readyz").json()
    except (httpx.HTTPError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _behind(said: Mapping[str, Any]) -> str:
    """Return who lags, in events and seconds, and what else an operator should look at."""
    parts = behind(said)
    if not parts:
        return ""
    late = [f"{name}: {events} events, {age:.1f} s" for name, events, age in parts if events]
    return "\n".join([*(late or ["nothing"]), *warnings(said)])
