"""Who may speak to whom under a set of Kubernetes network policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

Policy = dict[str, Any]
HOME = "epep"


@dataclass(frozen=True)
class End:
    """A pod (`namespace` and `labels`) or something outside the cluster (`address`)."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] | None = None
    address: str = ""


def allowed(policies: Iterable[Policy], source: End, target: End, port: int) -> bool:
    """Tell whether a connection (TCP) may be opened: both ends must allow it."""
    several = list(policies)
    return _side(several, "Egress", source, target, port) and _side(
        several, "Ingress", target, source, port
    )


def _side(policies: list[Policy], way: str, here: End, there: End, port: int) -> bool:
    if here.namespace != HOME:
        return True  # others' policies are others'
    mine = [
        each["spec"]
        for each in policies
        if way in each["spec"]["policyTypes"] and _fits(each["spec"]["podSelector"], here.labels)
    ]
    if not mine:
        return True  # Kubernetes allows what no policy speaks of
    towards = "to" if way == "Egress" else "from"
    return any(
        _port(rule, port) and any(_peer(peer, there) for peer in rule[towards])
        for spec in mine
        for rule in spec.get(way.lower(), [])
    )


def _port(rule: dict[str, Any], port: int) -> bool:
    return any(each["protocol"] == "TCP" and each["port"] == port for each in rule["ports"])


def _peer(peer: dict[str, Any], end: End) -> bool:
    assert set(peer) <= {"ipBlock", "namespaceSelector", "podSelector"}
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        inside = bool(end.address) and ip_address(end.address) in ip_network(block["cidr"])
        return inside and not any(
            ip_address(end.address) in ip_network(each) for each in block.get("except", [])
        )
    if end.labels is None:
        return False
    spaces = {"kubernetes.io/metadata.name": end.namespace}
    home = end.namespace == HOME
    return (_fits(peer["namespaceSelector"], spaces) if "namespaceSelector" in peer else home) and (
        "podSelector" not in peer or _fits(peer["podSelector"], end.labels)
    )


def _fits(selector: dict[str, Any], labels: Mapping[str, str] | None) -> bool:
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    has = labels or {}
    same = all(has.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return same and all(_holds(each, has) for each in selector.get("matchExpressions", []))


def _holds(expression: dict[str, Any], labels: Mapping[str, str]) -> bool:
    among = labels.get(expression["key"]) in expression["values"]
    assert expression["operator"] in ("In", "NotIn")
    return among if expression["operator"] == "In" else not among
