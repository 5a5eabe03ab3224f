"""Apache Kafka's jars: fetched once by jgo, kept in the cache, checked at every start.

The list of SHA-256 beside this file is what decides: a jar that is missing from it, absent
from the folder or different is refused. `python -m epep_local.kafka_jars` writes the list
anew after a change of version; look at the difference before committing it.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from epep_local.problem import LocalError

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
# Resolved apart from Kafka: asked for together, jgo picks an older kafka-clients.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
LIST = Path(__file__).with_name("kafka-jars.sha256")


def jars(cache: Path, say: Callable[[str], None]) -> Path:
    """The folder with Kafka's jars, checked; fetches them if they aren't in `cache` yet.

    Raises LocalError when they can't be fetched, or are not the ones on the list.
    """
    folder = cache / KAFKA.replace(":", "_")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may ask at once
        if not folder.is_dir():
            say("Fetching Apache Kafka (46 MB, only the first time)")
            fetch(folder)
        check(folder, listed(LIST))
    return folder


def fetch(folder: Path) -> None:
    """Resolve and download the jars into `folder`, which appears only when it is complete."""
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    with TemporaryDirectory(dir=folder.parent, prefix="fetch-") as temporary:
        maven = MavenContext(repo_cache=Path(temporary) / "maven", timeout=60)
        complete = Path(temporary) / "jars"
        complete.mkdir()
        try:
            for name in (KAFKA, LOGGING):
                wanted = replace(Coordinate.parse(name), scope="compile")
                inputs, others = maven.resolver.resolve([maven.create_dependency(wanted)])
                needed = [d for d in others if d.scope in {"compile", "runtime"}]
                for dependency in [*inputs, *needed]:
                    shutil.copy(dependency.artifact.resolve(), complete)
        except (OSError, RuntimeError, ValueError) as error:
            raise LocalError(
                f"Apache Kafka's jars could not be fetched from Maven Central ({error}). "
                f"Check the connection and run the same command again."
            ) from error
        complete.replace(folder)


def listed(path: Path) -> dict[str, str]:
    """The list as {file name: SHA-256 in hex}, from the format that `sha256sum` writes."""
    lines = (line.split() for line in path.read_text("ascii").splitlines())
    return {name: digest for digest, name in lines}


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in `folder`, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def check(folder: Path, expected: dict[str, str]) -> None:
    """Raise LocalError unless `folder` holds exactly the files of `expected`."""
    found = digests(folder)
    if found == expected:
        return
    names = found.keys() | expected.keys()
    wrong = sorted(name for name in names if found.get(name) != expected.get(name))
    raise LocalError(
        f"Apache Kafka's jars in {folder} are not the ones this project trusts: "
        f"{', '.join(wrong[:5])}{' …' if len(wrong) > 5 else ''} missing, unknown or changed. "
        f"Nothing was started. Remove that folder and run the same command again; if it "
        f"happens again, somebody between you and Maven Central changed the files."
    )


def write_list(path: Path) -> None:
    """Fetch the jars afresh and write their list to `path`."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "kafka"
        fetch(folder)
        lines = [f"{digest}  {name}\n" for name, digest in digests(folder).items()]
        path.write_text("".join(lines), "ascii")


if __name__ == "__main__":
    write_list(Path(sys.argv[1]) if len(sys.argv) > 1 else LIST)
