"""Acknowledged changes against the logs, the logs against themselves and against the topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from finding import Finding
from ledger import Change, Ledger
from message import Message

from epep_runtime.chain import first_break

MADE_BY_PEOPLE = ("pep", "meeting", "qa")
"""The services whose changes by people are all in the ledger."""


def trace_of(row: Any) -> str:
    """Return the trace id that an event carries, "" without one."""
    return row["traceparent"].split("-")[1] if row["traceparent"] else ""


def acknowledged_once(
    ledger: Ledger, logs: Mapping[str, Sequence[Any]], begun: datetime
) -> Finding:
    """Every acknowledged change is in the log exactly once, and no other change is.

    All events of one carrying out share a correlation id; a change that was carried out twice
    shows as two of them under the trace that its client gave it.
    """
    finding = Finding("Every acknowledged change is in the log exactly once, and no other is.")
    accounts = {each.account_id for each in ledger.changes}
    done: dict[tuple[str, str], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for service in MADE_BY_PEOPLE:
        for row in logs[service]:
            if row["actor_id"] in accounts:
                done[service, trace_of(row)][str(row["correlation_id"])].append(row)
    counts = {"once": 0, "changed nothing": 0}
    for change in ledger.changes:
        carried_out = done.pop((change.service, change.trace), {})
        wrong = _wrong_with(change, list(carried_out.values()))
        if wrong:
            finding.violations.append(f"{change.name}: {wrong}")
        elif change.acknowledged:
            counts["once" if carried_out else "changed nothing"] += 1
    for (service, trace), carried_out in done.items():
        first = next(iter(carried_out.values()))[0]
        if first["occurred_at"] >= begun and not _is_no_change(first):
            finding.violations.append(
                f"{service}: {first['type']} in {first['stream_id']} by a person who was never"
                f" told so (trace {trace})"
            )
    refused = sum(not each.acknowledged for each in ledger.changes)
    finding.looked_at.append(
        f"{counts['once']} acknowledged changes found once, {counts['changed nothing']} that had"
        f" nothing to change, {refused} refused and not there"
    )
    again = sum(each.tries > 1 for each in ledger.changes)
    most = max((each.tries for each in ledger.changes), default=0)
    finding.looked_at.append(f"{again} were asked for more than once, one of them {most} times")
    return finding


def _is_no_change(row: Any) -> bool:
    """Whether nobody is told of it: that a record was read, or a child that a worker imported."""
    imported = row["actor_role"] == "virtual_school" and row["stream_id"].startswith("child-")
    return bool(imported) or row["stream_id"].startswith("readings-")


def _is_for_later(change: Change) -> bool:
    """Whether it only asked a worker to begin: its children are in the log as the worker's."""
    return change.path.startswith("/imports/") and change.path.endswith("/run")


def _wrong_with(change: Change, carried_out: Sequence[Sequence[Any]]) -> str:
    if not change.acknowledged:
        return "refused, but in the log" if carried_out else ""
    if len(carried_out) > 1:
        return f"carried out {len(carried_out)} times"
    if not carried_out:
        return "" if change.body.get("changed") == 0 or _is_for_later(change) else "not in the log"
    last = max(row["stream_version"] for row in carried_out[0])
    if change.version is not None and last != change.version:
        return f"answered version {change.version}, but is in the log as version {last}"
    return ""


def chains_hold(logs: Mapping[str, Sequence[Any]]) -> Finding:
    """Each event of each store follows the one before it in its stream, by hash."""
    finding = Finding("The hash chain of every stream holds.")
    for service, rows in logs.items():
        streams = len({row["stream_id"] for row in rows})
        finding.looked_at.append(f"{service}: {len(rows)} events in {streams} streams")
        broken = first_break(rows)
        if broken:
            where = f"{broken.stream_id}, version {broken.stream_version}"
            finding.violations.append(f"{service}: {where}: {broken.what}")
    return finding


def topics_agree(
    logs: Mapping[str, Sequence[Any]], topics: Mapping[str, Sequence[Message]]
) -> Finding:
    """A topic says all that its log says, each stream in order, once a reader drops repetitions.

    The rule of a reader is to drop what is not above the last publication number of its partition.
    """
    finding = Finding("Every event is on its topic, in the order of its stream.")
    for service, rows in logs.items():
        messages = topics[service]
        read = list(_without_repetitions(messages))
        finding.looked_at.append(
            f"{service}: {len(read)} events read, {len(messages) - len(read)} repetitions dropped"
        )
        versions: dict[str, int] = defaultdict(int)
        for each in read:
            if each.stream_version != versions[each.stream_id] + 1:
                finding.violations.append(
                    f"{service}: {each.stream_id} has version {each.stream_version} after"
                    f" {versions[each.stream_id]} (partition {each.partition},"
                    f" offset {each.offset})"
                )
            versions[each.stream_id] = each.stream_version
        said, logged = {each.event_id for each in read}, {str(row["event_id"]) for row in rows}
        finding.violations += [f"{service}: event {each} is on no topic" for each in logged - said]
        finding.violations += [f"{service}: event {each} is in no log" for each in said - logged]
    return finding


def _without_repetitions(messages: Iterable[Message]) -> Iterable[Message]:
    seen: dict[int, int] = defaultdict(int)
    for each in messages:
        if each.publication > seen[each.partition]:
            seen[each.partition] = each.publication
            yield each
