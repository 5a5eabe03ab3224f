"""Code lists of the SSDA903 return, with the labels that people see."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class CodeLists:
    """Every list by its column's name in lower case (`ls`, `place`): code to label."""

    lists: Mapping[str, Mapping[str, str]]

    def knows(self, name: str, code: str) -> bool:
        """Tell whether the code is in the list."""
        return code in self.lists[name]

    def label(self, name: str, code: str | None) -> str:
        """Return a code's label; an unknown code is shown as it is, none as an empty text."""
        return self.lists[name].get(code, code) if code else ""


@cache
def code_lists() -> CodeLists:
    """Return the lists that come with the service."""
    text = files("pep_service.children").joinpath("codes.yaml").read_text("utf-8")
    return CodeLists(yaml.safe_load(text))
