"""On Kubernetes exactly the flows of docs/architecture.md are open, and no other."""

from __future__ import annotations

import pytest
from flows import End, allowed
from kustomizing import Resource, build
from processes import BY_NAME, ROOT

NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
PORTS = (53, 443, 587, 5432, 8000, 9092, 9093)
DATABASES = [*BY_NAME, "keyring"]
OUTSIDE = [
    *(End(f"{each}-db", "epep-data", {"cnpg.io/cluster": each}) for each in DATABASES),
    End("kafka", "epep-data", {NAME: "kafka", "strimzi.io/cluster": "kafka"}),
    End("dns", "kube-system", {"k8s-app": "kube-dns"}),
    End("ingress", "ingress", {NAME: "ingress-nginx"}),
    End("prometheus", "monitoring", {NAME: "prometheus"}),
    End("stranger", "elsewhere", {NAME: "portal", COMPONENT: "pages"}),
    End("internet", address="203.0.113.5"),
    End("neighbour", address="10.1.2.3"),
]


@pytest.fixture(scope="module")
def applied() -> list[Resource]:
    return build(ROOT / "deploy/k8s/overlays/example")


def pods(applied: list[Resource]) -> list[End]:
    return [
        End(each["metadata"]["name"], "epep", each["spec"]["template"]["metadata"]["labels"])
        for each in applied
        if each["kind"] in ("Deployment", "Job")
    ]


def wanted(pod: End) -> set[tuple[str, str, int]]:
    """Return the flows from and to one pod that the architecture has."""
    assert pod.labels
    name, part = pod.labels[NAME], pod.labels[COMPONENT]
    found = {(pod.name, "dns", 53)}
    if part not in ("migrate", "pages"):
        found.add((pod.name, "kafka", 9093))  # TLS; 9092 is without
    if name in BY_NAME:
        found.add((pod.name, f"{name}-db", 5432))
        if BY_NAME[name].events:
            found.add((pod.name, "keyring-db", 5432))
    if part not in ("migrate", "pages", "topics"):
        found.add(("prometheus", pod.name, 8000))
    if part == "api":
        found.add(("portal", pod.name, 8000))
    if (name, part) == ("notification", "workers"):
        found.add((pod.name, "internet", 587))
    if part == "pages":
        found.add(("ingress", pod.name, 8000))
    return found


def test_exactly_the_flows_of_the_architecture_are_open(applied: list[Resource]) -> None:
    policies = [each for each in applied if each["kind"] == "NetworkPolicy"]
    ours = pods(applied)
    pairs = [(a, b) for a in ours for b in (*ours, *OUTSIDE)]
    pairs += [(a, b) for a in OUTSIDE for b in ours]
    found = {
        (source.name, target.name, port)
        for source, target in pairs
        if source != target
        for port in PORTS
        if allowed(policies, source, target, port)
    }
    assert found == {flow for pod in ours for flow in wanted(pod)}


def test_every_policy_is_where_the_pods_are(applied: list[Resource]) -> None:
    homes = {
        each["metadata"]["namespace"]
        for each in applied
        if each["kind"] in ("NetworkPolicy", "Deployment", "Job")
    }
    assert homes == {"epep"}
