"""The commands for auditors: seal, verify, history, erase, export, replay, digest."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from epep_local.voice import Voice
from epepctl.auditing import WITH_A_LOG, make_auditor_key, replay_all, verify_export
from epepctl.places import environment_of, one_of_several, with_a_log
from epepctl.problem import ToolError
from epepctl.rebuilding import python_module
from epepctl.speaking import speaking

console = Console(highlight=False, soft_wrap=True)
Name = Annotated[str, typer.Argument(metavar="SERVICE", help="pep, meeting, qa …")]
Trusted = Annotated[
    list[str] | None, typer.Option("--trusted-key", help="only this key counts (may be repeated)")
]
Known = Annotated[
    Path | None, typer.Option("--known", help="an earlier export, whose root must still hold")
]
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("seal")(seal_command)
    app.command("verify")(verify_command)
    app.command("history", context_settings=PASSED_ON)(history_command)
    app.command("erase")(erase_command)
    app.command("auditor-key")(auditor_key_command)
    app.command("export")(export_command)
    app.command("replay")(replay_command)
    app.command("digest")(digest_command)


def _run(name: str, arguments: Sequence[str]) -> int:
    """Run a service's own command, whose words go to the terminal as they are."""
    one = with_a_log(name)
    told = environment_of(one.name, Voice(console))
    command = [*python_module(one.module), *arguments]
    return subprocess.run(command, env=dict(told), check=False).returncode  # noqa: S603 - our own


def seal_command(
    name: Name,
    new_key: Annotated[bool, typer.Option("--new-key", help="sign with a new key")] = False,
) -> None:
    """Sign the root over all streams of a service's log now; the service does it by itself, too."""
    with speaking():
        raise typer.Exit(_run(name, ["seal", *(["--new-key"] if new_key else [])]))


def verify_command(
    name: Annotated[str | None, typer.Argument(metavar="[SERVICE]")] = None,
    stream: Annotated[str | None, typer.Argument(metavar="[STREAM]")] = None,
    export: Annotated[Path | None, typer.Option("--export", help="an exported folder")] = None,
    trusted_key: Trusted = None,
    known: Known = None,
) -> None:
    """Prove that a log, or one stream of it, is what was said and signed.

    `epepctl verify pep`, `epepctl verify pep STREAM`: in the service's database.
    `epepctl verify --export FOLDER [SERVICE [STREAM]]`: with nothing but the folder.
    Exit status: 0 proven, 1 cannot be read, 3 it was changed, 4 no root is signed.
    """
    with speaking():
        trusted = trusted_key or []
        if export is not None:
            one = with_a_log(name).name if name else None
            raise typer.Exit(verify_export(export, one, stream, trusted, known, console))
        if name is None:
            raise ToolError("Name a service, or an exported folder with --export.", 2)
        options = [part for key in trusted for part in ("--trusted-key", key)]
        options += ["--known", str(known)] if known else []
        raise typer.Exit(_run(name, ["verify", *([stream] if stream else []), *options]))


def history_command(context: typer.Context) -> None:
    """Read a PEP's history in words: PEP --why "…" [--as-of T | --between T1 T2] [--json].

    A moment is a day (2026-11-20, its end) or a day and a time (2026-11-20T10:30). Who read it
    and why is recorded.
    """
    with speaking():
        raise typer.Exit(_run("pep", ["history", *context.args]))


def erase_command(
    kind: Annotated[str, typer.Argument(metavar="child|adult")],
    subject: Annotated[UUID, typer.Argument(metavar="ID", help="a child, or an account")],
    why: Annotated[str, typer.Option("--why", help="the reason, without personal data")] = ...,  # type: ignore[assignment]
) -> None:
    """Erase a person for good: their personal data read as erased everywhere, also in backups.

    Their key is destroyed; nobody can bring it back. That it was done, by whom and why, stays.
    """
    with speaking():
        speaker = {"child": "pep", "adult": "identity"}.get(kind)
        if speaker is None:
            raise ToolError("Say whom: `epepctl erase child ID` or `epepctl erase adult ID`.", 2)
        raise typer.Exit(_run(speaker, ["erase", str(subject), "--why", why]))


def auditor_key_command(
    file: Annotated[Path, typer.Argument(help="a new file for the private key")],
) -> None:
    """Make an auditor's pair of keys: FILE to keep, FILE.pub to hand to whoever exports."""
    with speaking():
        make_auditor_key(file, console)


def export_command(
    folder: Annotated[Path, typer.Argument(help="a folder that is made")],
    why: Annotated[str, typer.Option("--why", help="the reason, without personal data")] = ...,  # type: ignore[assignment]
    services: Annotated[list[str] | None, typer.Option("--service", help="only this one")] = None,
    keys_for: Annotated[
        Path | None,
        typer.Option("--keys-for", help="an auditor's public key", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Write the services' whole logs to files, sealed and signed, for an auditor.

    Personal values stay sealed in them. With --keys-for, the people's keys go along, for that
    auditor alone.
    """
    with speaking():
        names = [with_a_log(each).name for each in services or WITH_A_LOG]
        one_of_several(names)
        sealed_to = ["--keys-for", str(keys_for.resolve())] if keys_for else []
        for name in names:
            status = _run(name, ["export", str(folder.resolve()), "--why", why, *sealed_to])
            if status:
                raise typer.Exit(status)
        console.print(f"The logs of {', '.join(names)} are in {folder}.", markup=False)


def replay_command(
    folder: Annotated[Path, typer.Argument(help="an exported folder", file_okay=False)],
    postgres: Annotated[
        str | None, typer.Option("--postgres", help="an empty server's URL, as its administrator")
    ] = None,
    prefix: Annotated[str, typer.Option(help="how the new databases' names begin")] = "replay_",
    key: Annotated[
        Path | None,
        typer.Option("--key", help="your private key, for people's data", exists=True),
    ] = None,
) -> None:
    """Check an export, load it into new databases, and build every read model from it.

    It needs a PostgreSQL server (that of the local system, without --postgres) and nothing of
    production. At the end it prints the SHA-256 of each read model's rows, as `epepctl digest`
    does where the service runs.
    """
    with speaking():
        raise typer.Exit(replay_all(folder, postgres, prefix, key, console))


def digest_command(name: Name) -> None:
    """Print the SHA-256 of each read model's rows, to be compared with a replay's."""
    with speaking():
        raise typer.Exit(_run(name, ["digest"]))
