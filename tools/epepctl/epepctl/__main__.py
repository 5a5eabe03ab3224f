"""The operator's command line: import files, rebuild read models, prove, export, look at it all."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from epep_local.machine import machine
from epep_local.places import state_folder
from epep_local.report import status_table
from epep_local.services import service
from epep_local.voice import Voice
from epepctl import audit_commands
from epepctl.api import Api
from epepctl.importing import Order, import_children
from epepctl.places import address, environment_of, local_system, with_a_log
from epepctl.problem import ToolError
from epepctl.rebuilding import python_module, rebuild
from epepctl.reporting import given_addresses, health_table
from epepctl.speaking import speaking

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console(highlight=False)
audit_commands.add_to(app)

FilePath = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
OptionalPath = Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command("import-children")
def import_children_command(
    header: FilePath,
    episodes: FilePath,
    people: OptionalPath = None,
    authority: Annotated[str, typer.Option(help="the authority's three-digit DfE code")] = ...,  # type: ignore[assignment]
    check_only: Annotated[bool, typer.Option("--check-only", help="change nothing")] = False,
    problems: Annotated[Path | None, typer.Option(help="write all problems here, as CSV")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="import without asking")] = False,
) -> None:
    """Check an authority's SSDA903 files (and people.csv), then import the children.

    You log in as somebody of the virtual school: EPEPCTL_EMAIL, EPEPCTL_PASSWORD and EPEPCTL_CODE
    are used where they are set, and asked for otherwise. EPEP_IDENTITY_URL and EPEP_PEP_URL say
    where the services are; without them it is this machine's own system.
    """
    with speaking():
        if not (len(authority) == 3 and authority.isascii() and authority.isdigit()):
            raise ToolError(f"{authority} is not the three-digit code of an authority.", 2)
        order = Order(authority, header, episodes, people, check_only, problems)
        with Api(address("identity"), address("pep")) as api:
            name = api.log_in(
                _answer("EPEPCTL_EMAIL", "Your e-mail address"),
                _answer("EPEPCTL_PASSWORD", "Your password", secret=True),
                lambda: _answer("EPEPCTL_CODE", "The code that was mailed to you"),
            )
            console.print(f"Logged in as {name}", markup=False)
            status = import_children(api, order, console, lambda text: yes or _agreed(text))
        raise typer.Exit(status)


@app.command("rebuild")
def rebuild_command(
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="pep, meeting, qa …")],
    read_model: Annotated[str, typer.Argument(help="change_log, children …")],
    compare: Annotated[bool, typer.Option("--compare", help="only say which rows differ")] = False,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="keep older ones, too")] = False,
    begin_again: Annotated[bool, typer.Option("--begin-again", help="from the start")] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="remove replaced ones")] = False,
    workers: Annotated[int, typer.Option(min=1, max=32, help="processes that share it")] = 1,
) -> None:
    """Build a read model again from the events, beside the live one, and switch to it.

    People go on reading and writing all the while. It is of the local system, or of the database
    that EPEP_DATABASE_URL names.
    """
    asked = {
        "--compare": compare,
        "--keep-old": keep_old,
        "--begin-again": begin_again,
        "--drop-old": drop_old,
    }
    with speaking():
        one = service(name)
        told = environment_of(one.name, Voice(console))
        options = [option for option, wanted in asked.items() if wanted]
        options += ["--workers", str(workers)] if workers > 1 else []
        rebuild(one.name, read_model, python_module(one.module), told, console, options)


@app.command("parked", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def parked_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="pep, meeting, qa …")],
) -> None:
    """Look after events that a service could not take: list, show, retry, skip --why.

    `epepctl parked pep list`, `epepctl parked pep skip STREAM --why "…"`; what is done is recorded.
    """
    with speaking():
        one = service(name)
        told = environment_of(one.name, Voice(console))
        done = subprocess.run(  # noqa: S603 - a service's own module
            [*python_module(one.module), "parked", *context.args], env=dict(told), check=False
        )
        raise typer.Exit(done.returncode)


@app.command("republish")
def republish_command(
    name: Annotated[str, typer.Argument(metavar="SERVICE", help="pep, meeting, qa …")],
) -> None:
    """After Kafka is lost: have a service fill its new topic again and read the others anew.

    Stop all services and make the topics first; see docs/operations.md. Safe to repeat.
    """
    with speaking():
        one = with_a_log(name)
        told = environment_of(one.name, Voice(console))
        done = subprocess.run(  # noqa: S603 - a service's own module
            [*python_module(one.module), "republish"], env=dict(told), check=False
        )
        raise typer.Exit(done.returncode)


@app.command()
def status() -> None:
    """Show each service's health and how far it is behind.

    It is about the services whose addresses are set (EPEP_PEP_URL …), else the local system.
    """
    with speaking():
        addresses = given_addresses(os.environ)
        if addresses:
            table, well = health_table(addresses)
            console.print(table)
            raise typer.Exit(0 if well else 1)
        voice = Voice(console)
        local = local_system(voice)
        if local is None:
            raise ToolError("The local system was never started here: `make up` starts it.")
        console.print(status_table(machine(state_folder(), voice), local))


def _answer(setting: str, question: str, *, secret: bool = False) -> str:
    """Return a setting, else what is typed, else (nobody at a terminal) the next line piped in."""
    given = os.environ.get(setting)
    if given:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt(question, hide_input=secret))
    line = sys.stdin.readline().strip()
    if not line:
        raise ToolError(f"{question}? Nobody is there to ask: set {setting}.", 2)
    return line


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise ToolError("Nothing was imported: nobody is there to ask. Add --yes.", 2)
    return typer.confirm(question)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
