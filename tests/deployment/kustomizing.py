"""What `kubectl apply -k` would send: as much of kustomize as our folders use, and no more.

A folder that uses anything else is refused, so that nothing is passed over. Where kubectl is there,
`test_kustomize_itself_says_the_same` compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]
MERGED_BY = {
    "containers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
}
KNOWN = {"apiVersion", "kind", "namespace", "namePrefix", "resources", "components"} | {
    "patches",
    "labels",
    "images",
    "replicas",
}


def documents(path: Path) -> list[Resource]:
    """Return the objects in a file."""
    return [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each]


def build(folder: Path) -> list[Resource]:
    """Return every object of a kustomization, as it would be applied."""
    said = _read(folder)
    found = list(_resources(folder, said))
    for name in said.get("components", []):
        part = folder / name
        found += _resources(part, _read(part))
        _patch(part, _read(part), found)
    _patch(folder, said, found)
    _name(said, found)
    for labels in said.get("labels", []):
        for each in found:
            _label(each, labels["pairs"], labels.get("includeSelectors", False))
    for each in found:
        _choose(said, each)
    return found


def _read(folder: Path) -> dict[str, Any]:
    [said] = documents(folder / "kustomization.yaml")
    assert set(said) <= KNOWN, f"{folder}: {set(said) - KNOWN}"
    return said


def _resources(folder: Path, said: dict[str, Any]) -> Iterator[Resource]:
    for name in said.get("resources", []):
        path = folder / name
        yield from build(path) if path.is_dir() else documents(path)


def _patch(folder: Path, said: dict[str, Any], found: list[Resource]) -> None:
    for each in said.get("patches", []):
        assert set(each) <= {"path", "patch", "target"}
        text = each["patch"] if "patch" in each else (folder / each["path"]).read_text("utf-8")
        for patch in yaml.safe_load_all(text):
            target = each.get("target") or {
                "kind": patch["kind"],
                "name": re.escape(patch["metadata"]["name"]),
            }
            chosen = [one for one in found if _is_meant(one, target)]
            assert chosen, f"{folder}: nothing is {target}"
            for one in chosen:
                if isinstance(patch, list):
                    for step in patch:
                        _step(one, step)
                else:
                    _merge(one, _what_changes(patch))


def _what_changes(patch: Resource) -> Resource:
    """Return a patch without what only says whom it is for."""
    metadata = {k: v for k, v in patch["metadata"].items() if k not in ("name", "namespace")}
    rest = {k: v for k, v in patch.items() if k not in ("apiVersion", "kind")}
    return rest | {"metadata": metadata}


def _is_meant(one: Resource, target: dict[str, str]) -> bool:
    assert set(target) <= {"kind", "name"}
    return bool(
        re.fullmatch(target.get("kind", ".*"), one["kind"])
        and re.fullmatch(target.get("name", ".*"), one["metadata"]["name"])
    )


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif key in MERGED_BY and isinstance(into.get(key), list):
            for entry in value:
                same = [one for one in into[key] if one[MERGED_BY[key]] == entry[MERGED_BY[key]]]
                if same:
                    _merge(same[0], entry)
                else:
                    into[key].append(deepcopy(entry))
        else:
            into[key] = deepcopy(value)


def _step(one: Resource, step: dict[str, Any]) -> None:
    """Carry out one operation of a JSON patch (RFC 6902)."""
    *way, last = [part.replace("~1", "/") for part in step["path"].split("/")[1:]]
    place: Any = one
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    assert step["op"] in ("add", "replace")
    if isinstance(place, list):
        place[int(last)] = step["value"]
    else:
        assert step["op"] == "add" or last in place, step
        place[last] = step["value"]


def _name(said: dict[str, Any], found: list[Resource]) -> None:
    prefix = said.get("namePrefix", "")
    there = {(each["kind"], each["metadata"]["name"]) for each in found}
    for each in found:
        each["metadata"]["name"] = prefix + each["metadata"]["name"]
        scaled = each["spec"].get("scaleTargetRef") if "spec" in each else None
        if scaled and (scaled["kind"], scaled["name"]) in there:
            scaled["name"] = prefix + scaled["name"]


def _label(one: Resource, pairs: dict[str, str], selectors: bool) -> None:
    one["metadata"].setdefault("labels", {}).update(pairs)
    spec = one.get("spec", {})
    if "template" in spec:
        spec["template"]["metadata"]["labels"].update(pairs)
    if not selectors:
        return
    if one["kind"] == "Service":
        spec["selector"].update(pairs)
    elif "selector" in spec:
        spec["selector"]["matchLabels"].update(pairs)
    for spread in spec.get("template", {}).get("spec", {}).get("topologySpreadConstraints", []):
        spread["labelSelector"]["matchLabels"].update(pairs)


def _choose(said: dict[str, Any], one: Resource) -> None:
    """Set namespace, image and number of processes."""
    if "namespace" in said and one["kind"] != "Namespace":
        one["metadata"]["namespace"] = said["namespace"]
    containers = one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    for image in said.get("images", []):
        for container in containers:
            if container.get("image") == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
    for wanted in said.get("replicas", []):
        if one["kind"] == "Deployment" and one["metadata"]["name"] == wanted["name"]:
            one["spec"]["replicas"] = wanted["count"]
