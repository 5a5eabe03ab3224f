"""For tests: finds sentences of refusals that are not marked for translation.

What a service says when it says no is looked up where it is said (`_("…")`), so every message that
is given to a problem must come from there. Nothing here is imported by a service.
"""

import ast
from collections.abc import Iterator, Mapping

from epep_runtime.marking import Found

MESSAGES: Mapping[str, tuple[int, str]] = {
    "FieldError": (1, "message"),
    "ProblemError": (2, "detail"),
    "RefusedError": (0, "detail"),
    "ForbiddenError": (0, "detail"),
    "InvalidError": (1, "detail"),
    "MisfitError": (0, "message"),
    "ValueError": (0, ""),
    "AllocationProblem": (9, "reason"),
    "Problem": (4, "reason"),
}
"""What a refusal is made with, and where its message is: a place or a name."""
LOOKED_UP = {"_", "gettext", "ngettext", "pgettext", "misfit"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def _said(call: ast.Call) -> ast.expr | None:
    place, keyword = MESSAGES[_name(call)]
    named = [each.value for each in call.keywords if each.arg == keyword]
    if named:
        return named[0]
    return call.args[place] if len(call.args) > place else None


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for each in tree.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            found[each.targets[0].id] = each.value
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value:
            found[each.target.id] = each.value
    return found


def _noted(value: ast.expr) -> bool:
    """Tell whether each text of a constant is marked, keys aside."""
    if isinstance(value, ast.Dict):
        return all(map(_noted, value.values))
    if isinstance(value, ast.Tuple | ast.List):
        return all(map(_noted, value.elts))
    return isinstance(value, ast.Call) and _name(value) in {"N_", "noted"}


class _Module:
    """One module: what is assigned in it, and what its functions assign to names."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.constants = _constants(self.tree)

    def marked(self, value: ast.expr, function: Function | None) -> bool:
        """Tell whether what is said has been looked up, however it got there."""
        if isinstance(value, ast.IfExp):
            return self.marked(value.body, function) and self.marked(value.orelse, function)
        if isinstance(value, ast.BoolOp):
            return self.marked(value.values[-1], function)
        if isinstance(value, ast.Call) and _name(value) in LOOKED_UP:
            return all(map(self._good_constant, value.args))
        if isinstance(value, ast.Name) and function is not None:
            if value.id in {each.arg for each in function.args.args}:
                return True  # it is for who calls the function
            given = [
                each.value
                for each in ast.walk(function)
                if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == value.id
            ]
            return bool(given) and all(self.marked(each, function) for each in given)
        return False

    def _good_constant(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Subscript):
            value = value.value
        known = self.constants.get(value.id) if isinstance(value, ast.Name) else None
        return known is None or _noted(known)

    def calls(
        self, node: ast.AST, function: Function | None = None
    ) -> Iterator[tuple[ast.Call, Function | None]]:
        """Yield every call, with the innermost function it is in."""
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.Call):
                yield each, function
            inner = each if isinstance(each, Function) else function
            yield from self.calls(each, inner)


def unmarked_answers(source: str) -> Iterator[Found]:
    """Yield what a module's refusals say that has not been looked up in a catalogue."""
    module = _Module(source)
    for call, function in module.calls(module.tree):
        if _name(call) in MESSAGES:
            said = _said(call)
            if said is not None and not module.marked(said, function):
                yield call.lineno, ast.unparse(said)
