"""Where the services are: as the environment says, else the local system of `make up`."""

import os
from collections.abc import Mapping, Sequence

from epep_local.machine import chosen_ports, machine
from epep_local.places import state_folder
from epep_local.services import Service, service
from epep_local.system import System
from epep_local.topics import CONTEXTS
from epep_local.up import system
from epep_local.voice import Voice
from epepctl.problem import ToolError


def address(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a service's address: `EPEP_PEP_URL` and the like, else the local port."""
    one = service(name)
    given = environment.get(one.url_setting, "").strip().rstrip("/")
    if given and not given.startswith(("http://", "https://")):
        raise ToolError(f"{one.url_setting}={given} is not an address: begin with http://.", 2)
    return given or f"http://127.0.0.1:{chosen_ports(state_folder(), environment)[one.name]}"


def local_system(voice: Voice) -> System | None:
    """Return the system that `make up` runs on this machine; None where it was never started."""
    state = state_folder()
    if not (state / "ports.json").exists():
        return None
    return system(machine(state, voice))


def environment_of(name: str, voice: Voice) -> dict[str, str]:
    """Return what a service is told, to run one of its commands: ours where it has a database.

    Raises ToolError where neither the environment nor a local system tells it.
    """
    if os.environ.get("EPEP_DATABASE_URL"):
        return dict(os.environ)
    local = local_system(voice)
    if local is None:
        raise ToolError(
            f"Nothing says where the database of {name} is. Start the local system with"
            " `make up`, or set EPEP_DATABASE_URL, EPEP_KAFKA_BOOTSTRAP and EPEP_TOPIC_PREFIX."
        )
    return local.environment(name)


def one_of_several(names: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Refuse several services where the environment names the database of one."""
    if len(names) > 1 and environment.get("EPEP_DATABASE_URL"):
        raise ToolError(
            "EPEP_DATABASE_URL is the database of one service: name that one with --service.", 2
        )


def with_a_log(name: str) -> Service:
    """Return the service of that name. Raises LocalError, and ToolError for one without a log."""
    one = service(name)
    if one.name not in CONTEXTS:
        raise ToolError(f"The {one.name} has no log. These have: {', '.join(CONTEXTS)}.", 2)
    return one
