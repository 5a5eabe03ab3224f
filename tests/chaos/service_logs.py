"""What the services wrote at error level, counted by kind, and what explains each kind."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from finding import Finding

from epep_runtime.kafka_faults import CLOSED

NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+")
AWAY = "the broker was away"
FORGOTTEN = "the broker had come back and forgotten its groups' members, who join again"
EXPLAINED: tuple[tuple[str, str], ...] = (
    (r"^aiokafka.*(Unable connect|Unable to update metadata|[Nn]ode.*not ready)", AWAY),
    (r"^aiokafka.*(KafkaConnectionError|GroupCoordinatorNotAvailable|RequestTimedOut)", AWAY),
    (
        r"^aiokafka.*(CoordinatorLoadInProgress|CoordinatorNotAvailable|NotCoordinator|NotLeaderForPartition)",
        AWAY,
    ),
    (r"^aiokafka.*(Heartbeat session expired|Heartbeat failed)", AWAY),
    (r"^aiokafka.*OffsetCommit failed.*(UnknownMemberId|IllegalGeneration)", FORGOTTEN),
    (rf"^aiokafka.*{CLOSED}", AWAY),  # uvloop's way to say that the connection is gone
    (r"^faust.*Has not committed", AWAY),
)
"""(pattern of a kind, why it is no defect)."""


def errors_in(lines: Iterable[str]) -> Counter[str]:
    """Count the lines at error level by kind: numbers and ids left out.

    A line is JSON and says its level. Any other comes from Python itself, as a process dies: the
    last line of the traceback names it.
    """
    found: Counter[str] = Counter()
    in_traceback = False
    for line in lines:
        if line.startswith("{"):
            in_traceback = False
            said = _said(line)
            if said.get("level") in {"error", "critical"}:
                found[_kind(said)] += 1
        elif line.startswith(("Traceback", "  + Exception Group")):
            in_traceback = True
        elif in_traceback:
            if line[:1] not in {" ", "\n", ""}:
                in_traceback = False
                found[f"died: {NUMBERS.sub('#', line.strip())[:160]}"] += 1
        elif line.strip():
            found[NUMBERS.sub("#", line.strip())[:160]] += 1
    return found


def _said(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {"level": "error", "event": "half a line"}
    return said if isinstance(said, dict) else {}


def _kind(said: Mapping[str, Any]) -> str:
    chain = said.get("exception") or [{}]
    error = said.get("error") or chain[0].get("exc_type", "")
    if CLOSED in chain[0].get("exc_value", ""):
        error = f"{error}: {CLOSED}"
    library = f"{said['logger']} " if "logger" in said else ""
    what = NUMBERS.sub("#", f"{library}{said.get('event')}")[:160]
    return f"{what} ({error})" if error else what


def nothing_unexplained(logs: Mapping[str, Path]) -> Finding:
    """No service wrote an error that the killing does not explain."""
    finding = Finding("No service wrote an error that the killing does not explain.")
    explained: Counter[str] = Counter()
    for service, path in logs.items():
        with path.open(encoding="utf-8", errors="replace") as lines:
            for kind, count in sorted(errors_in(lines).items()):
                why = next((why for each, why in EXPLAINED if re.search(each, kind)), None)
                if why is None:
                    finding.violations.append(f"{service}: {count} × {kind}")
                else:
                    explained[f"{service}, {kind.split()[0]}: {why}"] += count
    finding.looked_at.append(f"{len(logs)} logs")
    finding.notes += [f"{count} × {what}" for what, count in sorted(explained.items())]
    return finding
