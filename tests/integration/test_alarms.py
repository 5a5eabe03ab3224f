"""Every alarm asks for figures that there are, and leads to what to do about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from people import eventually

from epep_local import plain_http
from epep_local.services import SERVICES
from epep_local.system import System

ROOT = Path(__file__).parents[2]
METRIC = re.compile(r"\bepep_[a-z_]+")


def alarms() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((ROOT / "deploy/prometheus/alarms.yml").read_text())["groups"]
    return list(group["rules"])


@pytest.mark.system
def test_every_figure_is_there(system: System) -> None:
    asked = {name for each in alarms() for name in METRIC.findall(each["expr"])}

    def all_there() -> bool:
        shown: set[str] = set()
        for each in SERVICES:
            if not each.clients:
                with plain_http.client(system.url(each.name)) as client:
                    text = client.get("/metrics").text
                shown |= set(re.findall(r"^# TYPE (\S+)", text, re.M))
        assert {re.sub(r"_(bucket|count)$", "", name) for name in asked} <= shown
        return True

    eventually(all_there)  # the board has no age before it has counted once


def test_every_alarm_leads_to_its_section() -> None:
    headings = set(re.findall(r"^### (\w+)$", (ROOT / "docs/operations.md").read_text(), re.M))
    assert {each["alert"] for each in alarms()} == headings
    for each in alarms():
        assert each["annotations"]["runbook"] == f"docs/operations.md#{each['alert'].lower()}"
