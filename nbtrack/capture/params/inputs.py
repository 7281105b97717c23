"""Params that need no declaration: simple values that the cell assigns, reads from earlier cells, or gets from papermill."""

from __future__ import annotations

import ast
import builtins
import dis
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import CodeType, FunctionType

from ...entities.run import ParamValue
from ..base import Captured, WrongKind, read_each
from ..secrets.redact import redact_value
from .assigned import AssignedParams, assigned_params
from .bindings import NameUse, name_use
from .parse import parse_cell
from .simple import LONGEST_VALUE, NotSimple, TooLong, read_simple

__all__ = ["CellInputs", "assigned_names", "papermill_names", "params_from", "read_names"]

_MOST_PARAMS = 100
_LONGEST_SOURCE = 1_000_000  # characters
_MOST_NODES = 50_000  # of a syntax tree
_SHELL = ("In", "Out", "exit", "quit", "get_ipython", "display", "open")


class CellInputs:
    """The inputs of one cell, found from its source alone; their values are read before and after it runs.

    Args:
        source: The cell as typed.
        transform: ``InteractiveShell.transform_cell``, which translates line magics to Python.

    Attributes:
        unread: Why nothing was found in a cell that is too large; empty for others.
    """

    def __init__(self, source: str, transform: Callable[[str], str] | None = None) -> None:
        tree = parse_cell(source, transform) if len(source) <= _LONGEST_SOURCE else None
        is_read = tree is not None and not _has_more_nodes(tree, _MOST_NODES)
        self.unread = ""
        if len(source) > _LONGEST_SOURCE or (tree and not is_read):
            self.unread = f"what the cell assigns and reads (its source, of {len(source):,} characters, is too large to be read)"
        self._use = name_use(tree) if tree and is_read else NameUse()
        self._assigned = assigned_params(tree, self._use) if tree and is_read else AssignedParams({}, ())

    def reads(self, namespace: Mapping[str, object]) -> list[str]:
        """Return the names from earlier cells that the cell reads, directly or through functions of the notebook."""
        return [name for name in _reached(self._use.reads, namespace) if name in namespace and _is_users(name)]

    def at_start(self, namespace: Mapping[str, object], history: Sequence[str] = (), without: Container[str] = ()) -> Captured:
        """Read what is known before the cell runs, so that the run has its params even if the kernel dies.

        These are constants that the cell assigns, simple values of earlier cells that it reads and does not bind itself, and
        papermill's parameters.

        Args:
            namespace: The kernel's variables.
            history: The cells executed so far, which include papermill's.
            without: Names to leave out, because they are logged in another way.
        """
        if self.unread:
            return Captured(left_out=(self.unread,))
        read = [name for name in (*papermill_names(history), *self.reads(namespace)) if name not in self._use.bindings]
        given = {**{name: namespace[name] for name in read if name in namespace}, **self._assigned.constants}
        return params_from(given, [*self._assigned.constants, *read], without=without)

    def at_end(self, namespace: Mapping[str, object], known: Mapping[str, object], without: Container[str] = ()) -> Captured:
        """Read the values that the cell has computed for its params; ``known`` are the params of ``at_start``."""
        names = [name for name in self._assigned.computed if name not in known]
        return params_from(namespace, names, most=_MOST_PARAMS - len(known), without=without)


def _has_more_nodes(tree: ast.AST, most: int) -> bool:
    return next(islice(ast.walk(tree), most, None), None) is not None


def params_from(
    namespace: Mapping[str, object], names: Iterable[str], *, most: int = _MOST_PARAMS, without: Container[str] = ()
) -> Captured:
    """Return the simple values of the named variables, without secrets.

    Values that are too large, and those after the first ``most``, are reported as left out; names in ``without`` are skipped.
    """
    wanted = [name for name in dict.fromkeys(names) if name in namespace and name not in without]
    found, unfit = read_each(((name, namespace[name]) for name in wanted), _param)
    kept = list(found)[: max(0, most)]
    over = [f"{name} (a run takes {_MOST_PARAMS} params by itself)" for name in list(found)[len(kept) :]]
    return Captured(params={name: found[name] for name in kept}, left_out=(*unfit, *over))


def _param(name: str, value: object) -> ParamValue:
    simple = read_simple(value)
    if isinstance(simple, NotSimple):
        raise WrongKind
    if len(str(simple)) > LONGEST_VALUE:
        raise TooLong(f"longer than the {LONGEST_VALUE:,} characters of a param")
    return redact_value(name, simple)


def assigned_names(source: str) -> list[str]:
    """Return the names that a cell assigns and that count as its params, in order."""
    tree = parse_cell(source)
    if tree is None:
        return []
    use = name_use(tree)
    params = assigned_params(tree, use)
    return [name for name in use.bindings if name in params.constants or name in params.computed]


def read_names(source: str) -> list[str]:
    """Return the names that a cell reads before it binds them, in order, without those of builtins and IPython."""
    tree = parse_cell(source)
    return [name for name in name_use(tree).reads if _is_users(name) and not hasattr(builtins, name)] if tree else []


def papermill_names(history: Sequence[str]) -> list[str]:
    """Return the names of the parameters that papermill has set.

    Papermill executes them as a cell of its own that begins with the line ``# Parameters``; cell tags do not reach a kernel.
    """
    for cell in history:
        if cell.startswith("# Parameters\n"):
            return [name for name in assigned_names(cell) if not name.startswith("PAPERMILL_")]
    return []


def _is_users(name: str) -> bool:
    return not name.startswith("_") and name not in _SHELL


def _reached(names: Iterable[str], namespace: Mapping[str, object]) -> dict[str, None]:
    """Add the names that functions of the notebook look up when called, and those of the functions that they call."""
    found = dict.fromkeys(names)
    waiting = list(found)
    while waiting:
        function = namespace.get(waiting.pop())
        # By its type: isinstance runs an object's own code, which may raise or start to work.
        if type(function) is FunctionType and function.__module__ == "__main__":
            new = [name for name in _globals_of(function.__code__) if name not in found]
            found |= dict.fromkeys(new)
            waiting += new
    return found


def _globals_of(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_of(constant)
