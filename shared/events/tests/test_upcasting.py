"""The event whose shape really grew, before and after its upcaster, in golden files."""

import copy
import json
from pathlib import Path

from epep_events.contexts import catalog
from epep_events.identity import RoleGranted
from epep_events.upcasters import UPCASTERS

GOLDEN = Path(__file__).parent / "golden"


def test_a_role_without_dates_becomes_one_that_is_open() -> None:
    old = json.loads((GOLDEN / "RoleGranted.v1.json").read_text())["example"]
    new = json.loads((GOLDEN / "upcast/RoleGranted.v1-as-v2.json").read_text())
    untouched = copy.deepcopy(old)
    assert RoleGranted.schema_version == 2
    assert UPCASTERS[("RoleGranted", 1)](old) == new
    assert old == untouched, "an upcaster must not change what it is given"
    read = catalog().read("RoleGranted", 1, old)
    assert read.model_dump(mode="json") == new
