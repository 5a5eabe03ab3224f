"""`python -m epep_local up|down|status|logs|reset`: what the Makefile's commands run."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from epep_local import containers, up
from epep_local.machine import SERVERS, Machine, machine
from epep_local.places import ready, state_folder
from epep_local.problem import LocalError
from epep_local.report import status_table
from epep_local.services import SERVICES, service
from epep_local.voice import Voice

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.command("up")
def bring_up() -> None:
    """Start the whole system, load the demo the first time, and say where it is."""
    with _speaking() as voice, _alone(voice) as state:
        up.up(machine(state, voice), voice)


@app.command()
def down() -> None:
    """Stop the services and servers; the data stays."""
    with _speaking() as voice, _alone(voice) as state:
        _stop(machine(state, voice), voice)


@app.command()
def status() -> None:
    """Show each process, its port, its health, and how far it is behind."""
    with _speaking() as voice:
        place = machine(ready(state_folder()), voice)
        known = (place.state / "ports.json").exists()
        voice.table(status_table(place, up.system(place) if known else None))


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="a service or server; all without it")] = "",
) -> None:
    """Follow a service's log until Ctrl-C."""
    with _speaking():
        folder = state_folder() / "logs"
        wanted = [name if name in SERVERS else service(name).name] if name else ["*"]
        files = sorted(str(path) for one in wanted for path in folder.glob(f"{one}.log"))
        if not files:
            raise LocalError(f"There is no log in {folder} yet. `make up` starts the system.")
        sys.stdout.flush()
        os.execvp("tail", ["tail", "-n", "100", "-F", *files])  # noqa: S606


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="don't ask")] = False) -> None:
    """Remove every event, database, mail, key and log; downloads are kept."""
    with _speaking() as voice, _alone(voice) as state:
        question = f"Remove everything this system holds in {state} (all PEPs, accounts, mails)?"
        if not yes and not _agreed(question):
            raise LocalError("Nothing was removed.")
        place = machine(state, voice)
        if (state / "ports.json").exists():
            _drop_given(place, voice)
        _stop(place, voice)
        containers.remove_kept()
        for path in state.iterdir():
            if path.name not in {"cache", "lock"}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        voice.say("Everything is removed. `make up` begins afresh.")


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise LocalError("Nothing was removed: nobody is there to ask. Run `make reset YES=1`.")
    return typer.confirm(question)


def _stop(place: Machine, voice: Voice) -> None:
    if (place.state / "ports.json").exists():
        services = up.system(place)
        if any(services.running(one.name) for one in SERVICES):
            with voice.step("Stopping the services"):
                services.stop()
    place.stop()
    voice.say("Nothing of ePEP runs any more.")


def _drop_given(place: Machine, voice: Voice) -> None:
    """Empty servers that aren't ours, given by address: their data isn't in our folder."""
    given = {"EPEP_KAFKA_BOOTSTRAP", "EPEP_POSTGRES_ADMIN_URL"} & os.environ.keys()
    if not given:
        return
    if len(given) == 1:
        raise LocalError(
            f"Only {given.pop()} is given, so that half of the data would stay. Give both "
            f"addresses or neither."
        )
    services = up.system(place)
    services.stop()
    with voice.step("Removing topics and databases"):
        asyncio.run(services.drop())


@contextmanager
def _speaking() -> Iterator[Voice]:
    """Problems as one sentence and an exit code, not as a traceback; SIGTERM is like Ctrl-C."""
    # SIGINT as well: started in the background, we would have inherited that it is ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    voice = Voice()
    try:
        yield voice
    except LocalError as problem:
        voice.say(f"\n{problem}")
        raise typer.Exit(1) from None
    except PermissionError as problem:
        voice.say(
            f"\n{problem.filename} cannot be used by you ({problem.strerror}). "
            f"Run `sudo chown -R $USER {state_folder()}`, or set EPEP_STATE to another folder."
        )
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        voice.say("\nStopped. What this command had started is ended.")
        raise typer.Exit(130) from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _alone(voice: Voice) -> Iterator[Path]:
    """The state folder, for this command only: two at once would start everything twice."""
    state = ready(state_folder())
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            voice.say("Another `make up`, `down` or `reset` is at work; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield state


if __name__ == "__main__":
    app()
