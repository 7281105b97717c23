"""Decides which names that a cell assigns are params, and which are counters, containers to be filled, or results.

A param is a name assigned outside loops to

- a constant: ``lr = 0.01``; its value is known before the cell runs;
- an expression of params, names from earlier cells, and sizes: ``width = 2 * base``, ``n = len(x)``, ``d = x.shape[1]``;
- the result of another call, if the cell passes it to a call that does more than report it: ``lr = rng.uniform()`` is a param
  before ``SGD(lr)``, but ``accuracy = model.score(x)`` before ``print(accuracy)`` is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .bindings import Binding, NameUse

__all__ = ["AssignedParams", "assigned_params"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PURE = _set("abs bool dict divmod float int list max min pow range round sorted str sum tuple Path")
_SIZES = _set("shape size ndim columns")
_MUTATORS = _set("append extend insert remove pop clear sort reverse update setdefault popitem add discard appendleft")
_REPORTING = _set(
    "print display log log_metric log_metrics log_param log_params log_text log_dict log_table append extend add update format "
    "info debug warning error write writerow dump dumps save str int float bool repr len round abs min max sum type isinstance "
    "set_description set_postfix add_scalar title set_title suptitle plot scatter axhline axvline DataFrame Series"
)
_TRANSPARENT = (
    ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Compare | ast.IfExp | ast.JoinedStr | ast.FormattedValue | ast.Tuple | ast.List
    | ast.Set | ast.Dict | ast.Starred | ast.Slice
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssignedParams:
    """The params that a cell assigns: ``constants`` with their values, ``computed`` to be read when the cell has run."""

    constants: dict[str, object]
    computed: tuple[str, ...]


def assigned_params(tree: ast.Module, use: NameUse) -> AssignedParams:
    """Return the params among the names that a cell assigns, in the order of assignment."""
    return _Choice(tree, use).result()


class _Choice:
    def __init__(self, tree: ast.Module, use: NameUse) -> None:
        self._use = use
        self._changing = {n for n, bindings in use.bindings.items() if any(b.loop for b in bindings)} | set(_mutated(tree))
        self._handed_on = set(_handed_on(tree))
        self._accepted: set[str] = set()

    def result(self) -> AssignedParams:
        constants: dict[str, object] = {}
        computed = []
        for name, bindings in self._use.bindings.items():
            if name.startswith("_") or name in self._changing or not all(b.value for b in bindings):
                continue
            if len(bindings) == 1 and bindings[0].once and (literal := _literal(bindings[0])) is not _NO_LITERAL:
                constants[name] = literal
            elif name in self._handed_on or all(b.value and self._settled(b.value) for b in bindings):
                computed.append(name)
            else:
                continue
            self._accepted.add(name)
        return AssignedParams(constants, tuple(computed))

    def _settled(self, node: ast.expr) -> bool:
        """Return whether an expression depends only on inputs of the cell, not on its results."""
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):
            return self._given(node.id)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._settled_part(node)
        if isinstance(node, ast.Call):
            return self._settled_call(node)
        parts = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
        return isinstance(node, _TRANSPARENT) and bool(parts) and all(map(self._settled, parts))  # an empty [] is to be filled

    def _given(self, name: str) -> bool:
        of_cell = name in self._use.bindings and name not in self._use.reads
        return name not in self._changing and (not of_cell or name in self._accepted)

    def _settled_part(self, node: ast.expr) -> bool:
        """Return True for ``args.lr`` of an earlier cell and ``x.shape[0]`` of anything; not for the environment."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute):
                attributes.append(node.attr)
            elif not self._settled(node.slice):
                return False
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self._changing or node.id in ("os", "environ"):
            return False
        if attributes and _SIZES.issuperset(attributes):
            return True
        return node.id not in self._use.bindings and not any(a.endswith("_") or a == "environ" for a in attributes)

    def _settled_call(self, node: ast.Call) -> bool:
        arguments = [*node.args, *(k.value for k in node.keywords)]
        function = node.func
        if isinstance(function, ast.Name) and function.id == "len":
            return all(isinstance(a, ast.Name) and a.id not in self._changing for a in arguments)
        known = isinstance(function, ast.Name) and function.id in _PURE
        known = known or (
            isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "math"
        )
        return known and bool(arguments) and all(map(self._settled, arguments))


_NO_LITERAL = object()


def _literal(binding: Binding) -> object:
    """Return the value of a literal; an empty container is not a setting but something to be filled."""
    try:
        value = ast.literal_eval(binding.value) if binding.value else _NO_LITERAL
    except (ValueError, TypeError, RecursionError):
        return _NO_LITERAL
    return _NO_LITERAL if isinstance(value, list | dict | tuple | set) and not value else value


def _mutated(tree: ast.Module) -> Iterator[str]:
    """Yield the names whose objects the cell changes: ``x[…] = …``, ``x.y += …``, ``x.append(…)``, ``x["losses"].append(…)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield from _root(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
            yield from _root(node.func.value)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _handed_on(tree: ast.Module) -> Iterator[str]:
    """Yield the names that the cell passes to a call that does more than report, convert or store them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) not in _REPORTING:
            for argument in (*node.args, *(k.value for k in node.keywords)):
                yield from _names(argument)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.BinOp | ast.UnaryOp | ast.Tuple | ast.List | ast.Dict | ast.Starred):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _names(child)
